import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Redis } from 'ioredis';
import { AppConfig } from '../../config/index.js';
import { Clock, ensureError } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import { RareWarning } from '../rare-warning.js';

/** All keys in Redis begin with this. */
export const REDIS_PREFIX = 'millrace';

/** In milliseconds. Requests wait for each command, so none may take long. */
const COMMAND_TIMEOUT_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;
const DISCONNECT_TIMEOUT_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** The outcome of a command. */
export type Sent<T> =
  | { readonly state: 'done'; readonly value: T }
  /** The command did not run: Redis is not configured, not connected, or has refused it. */
  | { readonly state: 'refused' }
  /** The command was sent, but whether Redis ran it is unknown. */
  | { readonly state: 'unknown' };

/** Only writes show whether Redis works: a full or read-only Redis can still be read. */
type CommandKind = 'read' | 'write';

const REFUSED = { state: 'refused' } as const;
const UNKNOWN = { state: 'unknown' } as const;

/**
 * The connection to Redis, if one is configured. Everything that is shared through it is also kept by this process, which takes
 * over while Redis is away or refuses commands.
 */
@Injectable()
export class SharedStore implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger('Redis');
  readonly #warning: RareWarning;
  /** Called once there is a connection again. */
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

  /** Whether Redis is configured. */
  get isConfigured(): boolean {
    return this.#redis !== undefined;
  }

  /** Whether Redis is connected and has run the last write. */
  get works(): boolean {
    return this.#works;
  }

  async onModuleInit(): Promise<void> {
    const { redisUrl } = this.config.access;
    // Nothing is limited outside HTTP.
    if (redisUrl === undefined || (this.adapterHost.httpAdapter as unknown) === undefined) return;
    const { Redis } = await import('ioredis');
    const redis = new Redis(redisUrl, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      // The timer of a disconnect keeps the process alive, even if the connection is closed already.
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      // Commands that cannot be sent now are not sent later: this process does the work itself.
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
    this.metrics.showNumber({
      name: 'millrace_limits_store_up',
      help: '1 while limits are shared through Redis, 0 while this process counts by itself because Redis is away or refuses.',
      value: () => (this.#works ? 1 : 0),
      together: 'min',
    });
    await this.#connectOnce(redis);
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
      // Redis or the network hangs. Commands are refused until a new connection is ready, so no request waits for it.
      if (error.message === 'Command timed out' && this.#isConnected) {
        this.#isConnected = false;
        redis.disconnect(true);
      }
      return UNKNOWN;
    }
  }

  /**
   * Waits for a connection for at most `withinMs` milliseconds.
   * @returns whether there is one
   */
  async waitForConnection(withinMs: number): Promise<boolean> {
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

  /** Waits for a short while, so that even the first requests are shared. The server also starts without Redis. */
  async #connectOnce(redis: Redis): Promise<void> {
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
    const message = `Redis is away (${reason}): this process counts limits and keeps responses by itself until Redis is back.`;
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
