import { Inject, Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { REDIS_PREFIX, SharedStore } from '../shared/index.js';

/** Length of all windows, in seconds. */
const WINDOW_S = 60;

/** One window of time as it stands. */
export interface Window {
  /** How much was counted since it began. */
  readonly count: number;
  /** Milliseconds until it ends, and the next one begins at 0. */
  readonly resetMs: number;
}

/** Limits are compared with what was counted, and not by the library, so that each caller can have another one. */
const OPTIONS = { points: Number.MAX_SAFE_INTEGER, duration: WINDOW_S };

/**
 * Counts in windows of one minute, each of which begins with the first count: in Redis if there is one, so that replicas count
 * together; in this process if there is none, and while it is away.
 */
@Injectable()
export class Windows {
  readonly #local = new RateLimiterMemory({ ...OPTIONS, keyPrefix: '' });
  #shared: RateLimiterRedis | undefined;

  constructor(@Inject(SharedStore) private readonly store: Pick<SharedStore, 'redis' | 'failed'>) {}

  /** Counts, and tells where the window stands after that. */
  async add(name: string, amount: number): Promise<Window> {
    return windowOf(await this.#ask((windows) => windows.penalty(name, amount)));
  }

  /** Where the window stands. */
  async get(name: string): Promise<Window> {
    const state = await this.#ask((windows) => windows.get(name));
    return state === null ? { count: 0, resetMs: 0 } : windowOf(state);
  }

  // The library could fall back by itself (its `insuranceLimiter`), but would tell nobody.
  async #ask<T>(question: (windows: RateLimiterMemory | RateLimiterRedis) => Promise<T>): Promise<T> {
    const shared = this.#sharedWindows();
    if (shared === undefined) return question(this.#local);
    try {
      return await question(shared);
    } catch (error) {
      this.store.failed(error);
      return question(this.#local);
    }
  }

  #sharedWindows(): RateLimiterRedis | undefined {
    const { redis } = this.store;
    if (redis === undefined) return undefined;
    this.#shared ??= new RateLimiterRedis({
      ...OPTIONS,
      storeClient: redis,
      keyPrefix: `${REDIS_PREFIX}:limits`,
      rejectIfRedisNotReady: true,
    });
    return this.#shared;
  }
}

function windowOf({ consumedPoints, msBeforeNext }: RateLimiterRes): Window {
  return { count: consumedPoints, resetMs: Math.max(0, msBeforeNext) };
}
