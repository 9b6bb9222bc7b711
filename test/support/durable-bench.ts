import { afterAll, afterEach, beforeAll, beforeEach, it } from '@jest/globals';
import { join } from 'node:path';
import { describeWithPostgres, PostgresServer } from './postgres-server.js';
import { RedisServer } from './redis-server.js';
import { Replicas } from './replicas.js';
import { ensureServerIsBuilt } from './server-process.js';
import { ScriptedUpstream } from './upstream/index.js';

/** A server whose workflows are another release's with another `RELEASE`. */
const RELEASES = join(import.meta.dirname, '../fixtures/releases.mjs');

/** Each test starts two servers, and may wait until a run is found to be at work in a process that is dead. */
export const LONGEST_MS = 120_000;

/** Processes, the database and the queue that they share, and their upstream. Each test has new ones, but for the servers. */
export class DurableBench {
  upstream!: ScriptedUpstream;
  replicas!: Replicas;
  databaseUrl!: string;
  redis: RedisServer | undefined;
  #env!: Readonly<Record<string, string>>;
  #postgres!: PostgresServer;

  constructor(private readonly queue: 'PostgreSQL' | 'Redis') {}

  /** For what only the queue in Redis does. */
  get itWithRedis(): typeof it | typeof it.skip {
    return this.queue === 'Redis' ? it : it.skip;
  }

  /** For what hardly depends on the queue. */
  get itOnce(): typeof it | typeof it.skip {
    return this.queue === 'Redis' ? it.skip : it;
  }

  async start(): Promise<void> {
    await ensureServerIsBuilt();
    this.#postgres = await PostgresServer.start();
    if (this.queue === 'Redis') this.redis = await RedisServer.start();
  }

  async begin(): Promise<void> {
    this.upstream = await ScriptedUpstream.start();
    this.databaseUrl = await this.#postgres.createDatabase();
    this.#env = {
      OPENAI_BASE_URL: this.upstream.url,
      RUNS_DATABASE_URL: this.databaseUrl,
      ...(this.redis !== undefined && { RUNS_QUEUE_URL: this.redis.url }),
    };
    this.replicas = new Replicas(this.#env);
  }

  async end(): Promise<void> {
    await this.replicas.stop();
    await this.upstream.close();
  }

  async close(): Promise<void> {
    await this.#postgres.close();
    await this.redis?.close();
  }

  /** Has the workflows of a release in the processes that are started from now on. */
  useReleases(env: Readonly<Record<string, string>> = {}): Replicas {
    this.replicas = new Replicas({ ...this.#env, ...env }, RELEASES);
    return this.replicas;
  }
}

/** Describes the same for each kind of queue. @param name with `%s` for the queue */
export function describeEachQueue(name: string, define: (bench: DurableBench) => void): void {
  describeWithPostgres.each([['PostgreSQL'], ['Redis']] as const)(name, (queue) => {
    const bench = new DurableBench(queue);
    beforeAll(() => bench.start(), LONGEST_MS);
    beforeEach(() => bench.begin());
    afterEach(() => bench.end());
    afterAll(() => bench.close());
    define(bench);
  });
}
