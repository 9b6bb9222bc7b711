import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/index.js';
import { RateLimitedError } from '../../errors/index.js';
import type { Caller } from '../caller.js';

/** How long a client is asked to wait, in milliseconds. It is a guess, since the end of a run cannot be predicted. */
const RETRY_AFTER_MS = 1_000;

/** Limits how many requests of each caller, and of all callers together, this process serves at the same time. */
@Injectable()
export class ConcurrencyLimit {
  /** Open requests by caller, for callers that have any. */
  readonly #taken = new Map<string, number>();
  readonly #totalLimit: number;
  #total = 0;

  constructor(config: AppConfig) {
    this.#totalLimit = config.access.totalLimits.concurrentStreams;
  }

  /**
   * Counts one open request.
   * @returns a function that must be called once, when the request is over; undefined if there is no limit
   * @throws RateLimitedError if the limit is reached
   */
  take({ id, limits: { concurrentStreams: limit } }: Caller): (() => void) | undefined {
    if (limit === 0 && this.#totalLimit === 0) return undefined;
    const taken = this.#taken.get(id) ?? 0;
    if (limit > 0 && taken >= limit) throw makeConcurrencyError(limit, 'of this API key');
    if (this.#totalLimit > 0 && this.#total >= this.#totalLimit) {
      throw makeConcurrencyError(this.#totalLimit, 'of all keys together');
    }
    this.#taken.set(id, taken + 1);
    this.#total++;
    return () => this.#giveBack(id);
  }

  /** False if {@link take} would throw. */
  hasRoom({ id, limits: { concurrentStreams: limit } }: Caller): boolean {
    if (limit > 0 && (this.#taken.get(id) ?? 0) >= limit) return false;
    return this.#totalLimit === 0 || this.#total < this.#totalLimit;
  }

  #giveBack(id: string): void {
    const left = (this.#taken.get(id) ?? 0) - 1;
    if (left > 0) this.#taken.set(id, left);
    else this.#taken.delete(id);
    this.#total--;
  }
}

function makeConcurrencyError(limit: number, whose: string): RateLimitedError {
  return new RateLimitedError(
    `Rate limit reached for concurrent requests ${whose}: limit ${limit}. Try again when one of them has ended.`,
    'requests',
    RETRY_AFTER_MS,
  );
}
