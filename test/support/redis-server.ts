import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { type ChildProcess, startProcess } from './process.js';
import { describeIfRuns } from './programs.js';
import { findFreePort } from './server-process.js';

/** `describe` for tests with a real Redis. They are skipped without one, except in CI. */
export const describeWithRedis =
  process.env['CI'] === 'true' ? describe : describeIfRuns('redis-server', ['--version']);

/** A real Redis on a port of its own, without files. */
export class RedisServer {
  #process: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly folder: string,
  ) {}

  /** Prepares a server, which {@link up} starts. */
  static async prepare(): Promise<RedisServer> {
    return new RedisServer(Number(await findFreePort()), await mkdtemp(join(tmpdir(), 'millrace-redis-')));
  }

  static async start(): Promise<RedisServer> {
    const server = await RedisServer.prepare();
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, empty and on the same port as before. */
  async up(): Promise<void> {
    const settings = { port: this.port, bind: '127.0.0.1', dir: this.folder, save: '', appendonly: 'no' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = await startProcess(args, { command: 'redis-server' });
    await this.#process.waitForLine(/ready to accept connections/i);
  }

  /** Kills it at once. */
  async kill(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** Suspends it: connections stay open, but get no reply. */
  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true });
  }
}
