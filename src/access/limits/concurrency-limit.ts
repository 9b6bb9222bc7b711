import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/index.js';
import { RateLimitedError } from '../../errors/index.js';
import type { Caller } from '../caller.js';

/** How long a client is asked to wait, in milliseconds: nobody knows when an answer ends. */
const RETRY_AFTER_MS = 1_000;

/** Limits how many answers of each caller, and of all together, are in the making at the same time in this process. */
@Injectable()
export class ConcurrencyLimit {
  /** Of callers that have any. */
  readonly #taken = new Map<string, number>();
  readonly #totalLimit: number;
  #total = 0;

  constructor(config: AppConfig) {
    this.#totalLimit = config.access.totalLimits.concurrentStreams;
  }

  /**
   * @returns gives the slot back; undefined if there is no limit. Must be called once.
   * @throws RateLimitedError if none is free
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
