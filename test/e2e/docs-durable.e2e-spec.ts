import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { describeWithPostgres, POSTGRES_PROGRAMS, PostgresServer } from '../support/postgres-server.js';
import { ensureServerIsBuilt, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { ROOT, CLI } from '../support/places.js';

describeWithPostgres('The commands of docs/durable.md', () => {
  let postgres: PostgresServer;
  let folder: string;
  /** The lines of all blocks of one language, in order. */
  let findLines: (language: string) => readonly string[];
  const servers: ServerProcess[] = [];
  beforeAll(async () => {
    await ensureServerIsBuilt();
    const page = await readFile(join(ROOT, 'docs/durable.md'), 'utf8');
    findLines = (language) =>
      [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, of, text = '']) =>
        of === language ? text.trimEnd().split('\n') : [],
      );
    postgres = await PostgresServer.start();
    folder = await mkdtemp(join(tmpdir(), 'millrace-durable-'));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(servers.map(({ process }) => process.stop()));
    await postgres.close();
    await rm(folder, { recursive: true });
  });

  it('make a database for two servers, a run that both know, and a backup that has it', async () => {
    for (const statement of findLines('sql')) await postgres.query(statement);
    const lines = findLines('sh');
    const here = (text: string): string =>
      [
        ['localhost:5432', `127.0.0.1:${postgres.port}`],
        ['http://localhost:8080', servers[0]?.url ?? ''],
        ['http://localhost:8081', servers[1]?.url ?? ''],
        ['npm run --silent workflow --', `"${process.execPath}" "${CLI}"`],
      ].reduce((changed, [from = '', to = '']) => changed.replaceAll(from, to), text);
    const starts = lines.filter((line) => line.endsWith(' npm start'));
    const [, url = ''] = /^RUNS_DATABASE_URL=(\S+)/.exec(here(starts[0] ?? '')) ?? [];
    expect(starts).toHaveLength(2);
    for (const line of starts) {
      expect(here(line)).toContain(url);
      servers.push(await startServerProcess({ env: { RUNS_DATABASE_URL: url, DEMO_TOKENS_PER_SECOND: '0' } }));
    }

    const run = async (line: string | undefined, env: Record<string, string> = {}): Promise<string> => {
      const path = `${POSTGRES_PROGRAMS === '' ? '' : `${POSTGRES_PROGRAMS}:`}${process.env['PATH'] ?? ''}`;
      const options = { cwd: folder, env: { PATH: path, ...env } };
      return (await promisify(execFile)('sh', ['-c', here(line ?? '')], options)).stdout;
    };
    const rest = lines.filter((line) => !starts.includes(line));
    expect(rest.map((line) => line.split(' ', 1)[0])).toEqual(['curl', 'npm', 'pg_dump', 'pg_restore']);
    const [curl, list, dump, restore] = rest;
    const { id } = JSON.parse(await run(curl)) as { id: string };
    await eventually(async () => new RegExp(`^${id} +completed `, 'm').test(await run(list)));

    await run(dump, { RUNS_DATABASE_URL: url });
    await postgres.query('create database restored owner runs');
    const restored = url.replace(/\/runs$/, '/restored');
    await run(restore, { RUNS_DATABASE_URL: restored });
    await servers[1]?.process.stop();
    servers[1] = await startServerProcess({ env: { RUNS_DATABASE_URL: restored } });
    expect(await run(list)).toMatch(new RegExp(`^${id} +completed `, 'm'));
  }, 60_000);
});
