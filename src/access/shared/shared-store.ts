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

/**
 * The connection to Redis, if there is one. Whatever is shared through it has a second form in this process, which takes over
 * while Redis is away.
 */
@Injectable()
export class SharedStore implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger('Redis');
  readonly #warning: RareWarning;
  #redis: Redis | undefined;
  #isAway = false;
  #isClosed = false;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly adapterHost: HttpAdapterHost,
    private readonly metrics: Metrics,
  ) {
    this.#warning = new RareWarning(this.#logger, clock);
  }

  /** Undefined if none is configured. It can be away: commands then fail at once. */
  get redis(): Redis | undefined {
    return this.#redis;
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
      // A command that cannot be sent now has an answer from this process instead.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_PAUSE_MS),
    });
    this.#redis = redis;
    redis.on('error', (error: Error) => this.#away(reasonOf(error)));
    redis.on('close', () => this.#away('the connection was closed'));
    redis.on('ready', () => this.#back());
    this.metrics.show({
      name: 'millrace_limits_store_up',
      help: '1 while limits are shared through Redis, 0 while this process counts by itself because Redis is away.',
      value: () => (redis.status === 'ready' ? 1 : 0),
      together: 'min',
    });
    await this.#firstAttempt(redis);
  }

  onApplicationShutdown(): void {
    this.#isClosed = true;
    this.#redis?.disconnect();
  }

  /** A command has failed; what it was for has been done in this process. */
  failed(error: unknown): void {
    const reason = reasonOf(ensureError(error));
    this.#away(reason);
    // Redis hangs, or the network does: a new connection must show first that it answers, and no request waits for that.
    if (reason === 'Command timed out' && this.#redis?.status === 'ready') this.#redis.disconnect(true);
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

  #away(reason: string): void {
    if (this.#isClosed) return;
    this.#isAway = true;
    this.#warning.warn(`Redis is away (${reason}): this process limits and remembers by itself until it is back.`);
  }

  #back(): void {
    if (this.#isAway) this.#logger.log('Redis is back');
    this.#isAway = false;
  }
}

function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
