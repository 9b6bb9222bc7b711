import { expect, it } from '@jest/globals';
import { describeWithPostgres, PostgresServer, queryPostgres } from './postgres-server.js';

describeWithPostgres('A PostgreSQL server of the tests', () => {
  it('has empty databases, keeps what it has said to be kept when it crashes, and says nothing while it is frozen', async () => {
    const server = await PostgresServer.start();
    try {
      const url = await server.createDatabase();
      await queryPostgres(url, 'create table t (n integer)');
      await queryPostgres(url, 'insert into t values ($1)', [7]);
      expect(await queryPostgres(await server.createDatabase(), "select from pg_class where relname = 't'")).toEqual(
        [],
      );

      await server.restart();
      expect(await queryPostgres(url, 'select n from t')).toEqual([{ n: 7 }]);

      await server.freeze();
      let isOver = false;
      const asked = queryPostgres(url, 'select n from t').then(() => (isOver = true));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(isOver).toBe(false);
      await server.thaw();
      await asked;
    } finally {
      await server.close();
    }
  });
});
