import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Redis } from 'ioredis';
import { AppConfig } from '../../config/index.js';
import { Clock, ensureError } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import { RareWarning } from '../rare-warning.js';

/** Every key in Redis begins with this. */
export const REDIS_PREFIX = 'millrace';

/** Requests wait for each command, so none may take long. Milliseconds. */
const COMMAND_TIMEOUT_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;
const DISCONNECT_TIMEOUT_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** The result of a command. */
export type Sent<T> =
  | { readonly state: 'done'; readonly value: T }
  /** Redis has not done it: there is none, it is away, or it refuses. */
  | { readonly state: 'refused' }
  /** It was sent, and nobody knows whether Redis has done it. */
  | { readonly state: 'unknown' };

/** Commands that change something show whether Redis can be relied on: it can be full or read-only and still be read. */
type CommandKind = 'read' | 'write';

const REFUSED = { state: 'refused' } as const;
const UNKNOWN = { state: 'unknown' } as const;

/**
 * The connection to Redis, if there is one. Whatever is shared through it has a second form in this process, which takes over
 * while Redis is away or refuses.
 */
@Injectable()
export class SharedStore implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger('Redis');
  readonly #warning: RareWarning;
  /** Called when there is a connection again. */
  readonly #waiting = new Set<() => void>();
  #redis: Redis | undefined;
  /** The library's own status stays `ready` for a while after a connection was given up. */
  #isConnected = false;
  #works = false;
  /** True from the warning that Redis is away until it is back. */
  #hasWarned = false;
  #isClosed = false;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly adapterHost: HttpAdapterHost,
    private readonly metrics: Metrics,
  ) {
    this.#warning = new RareWarning(this.#logger, clock);
  }

  /** Whether anything is to be shared. */
  get isConfigured(): boolean {
    return this.#redis !== undefined;
  }

  /** Whether Redis is there and did what it was last told to: false while it refuses every write, too. */
  get works(): boolean {
    return this.#works;
  }

  async onModuleInit(): Promise<void> {
    const { redisUrl } = this.config.access;
    // Outside HTTP nothing is limited.
    if (redisUrl === undefined || (this.adapterHost.httpAdapter as unknown) === undefined) return;
    const { Redis } = await import('ioredis');
    const redis = new Redis(redisUrl, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      // Its timer keeps the process alive, also when the connection is closed already.
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      // This process itself answers what cannot be sent now.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_PAUSE_MS),
    });
    this.#redis = redis;
    redis.on('error', (error: Error) => this.#fail(describeReason(error)));
    redis.on('close', () => {
      this.#isConnected = false;
      this.#fail('the connection was closed');
    });
    redis.on('ready', () => {
      this.#isConnected = true;
      this.#succeed();
      for (const tell of this.#waiting) tell();
    });
    this.metrics.show({
      name: 'millrace_limits_store_up',
      help: '1 while limits are shared through Redis, 0 while this process counts by itself because Redis is away or refuses.',
      value: () => (this.#works ? 1 : 0),
      together: 'min',
    });
    await this.#firstAttempt(redis);
  }

  onApplicationShutdown(): void {
    this.#isClosed = true;
    this.#redis?.disconnect();
  }

  /** Sends a command. Takes half a second at most, and never rejects: if it fails, the caller does without Redis. */
  async send<T>(kind: CommandKind, command: (redis: Redis) => Promise<T>): Promise<Sent<T>> {
    const redis = this.#redis;
    if (redis === undefined) return REFUSED;
    if (!this.#isConnected) {
      this.#fail('it is not connected');
      return REFUSED;
    }
    try {
      const value = await command(redis);
      if (kind === 'write') this.#succeed();
      return { state: 'done', value };
    } catch (thrown) {
      const error = ensureError(thrown);
      this.#fail(describeReason(error));
      if (error.name === 'ReplyError') return REFUSED;
      // Redis or the network hangs: a new connection must first show that it answers, and no request waits for that.
      if (error.message === 'Command timed out' && this.#isConnected) {
        this.#isConnected = false;
        redis.disconnect(true);
      }
      return UNKNOWN;
    }
  }

  /** Whether there is a connection within so many milliseconds. */
  async whenConnected(withinMs: number): Promise<boolean> {
    if (this.#redis === undefined || this.#isClosed) return false;
    if (this.#isConnected) return true;
    return new Promise((resolve) => {
      const end = (isConnected: boolean): void => {
        limit.cancel();
        this.#waiting.delete(tell);
        resolve(isConnected);
      };
      const tell = (): void => end(true);
      const limit = this.clock.after(withinMs, () => end(false));
      this.#waiting.add(tell);
    });
  }

  /** So that the first requests are counted together already; but a server starts without Redis, too. */
  async #firstAttempt(redis: Redis): Promise<void> {
    const attempt = redis.connect().catch(() => undefined);
    await new Promise<void>((resolve) => {
      const limit = this.clock.after(CONNECT_TIMEOUT_MS, resolve);
      void attempt.then(() => {
        limit.cancel();
        resolve();
      });
    });
  }

  #fail(reason: string): void {
    if (this.#isClosed) return;
    this.#works = false;
    const message = `Redis is away (${reason}): this process limits and remembers by itself until it is back.`;
    this.#hasWarned = this.#warning.warn(message) || this.#hasWarned;
  }

  #succeed(): void {
    this.#works = true;
    if (this.#hasWarned) this.#logger.log('Redis is back');
    this.#hasWarned = false;
  }
}

function describeReason(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
