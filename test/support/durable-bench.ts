import { afterAll, afterEach, beforeAll, beforeEach, it } from '@jest/globals';
import { join } from 'node:path';
import { describeWithPostgres, PostgresServer } from './postgres-server.js';
import { RedisServer } from './redis-server.js';
import { Replicas } from './replicas.js';
import { ensureServerIsBuilt } from './server-process.js';
import { ScriptedUpstream } from './upstream/index.js';

/** A server whose variable `RELEASE` selects the release of its workflows. */
const RELEASES = join(import.meta.dirname, '../fixtures/releases.mjs');

/** Each test starts two servers, and may wait until the run of a dead process is found, in milliseconds. */
export const LONGEST_MS = 120_000;

/** Processes with a shared database and queue, and their upstream. Each test gets new ones; PostgreSQL and Redis keep running. */
class DurableBench {
  upstream!: ScriptedUpstream;
  replicas!: Replicas;
  databaseUrl!: string;
  redis: RedisServer | undefined;
  #env!: Readonly<Record<string, string>>;
  #postgres!: PostgresServer;

  constructor(private readonly queue: 'PostgreSQL' | 'Redis') {}

  /** `it` for behaviour of the queue in Redis only. */
  get itWithRedis(): typeof it | typeof it.skip {
    return this.queue === 'Redis' ? it : it.skip;
  }

  /** `it` for behaviour that hardly depends on the queue: it runs with one kind. */
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

  /** Makes new processes use the workflows of a release. */
  useReleases(env: Readonly<Record<string, string>> = {}): Replicas {
    this.replicas = new Replicas({ ...this.#env, ...env }, RELEASES);
    return this.replicas;
  }
}

/**
 * `describe` for each kind of queue.
 * @param name with `%s` for the queue
 */
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
