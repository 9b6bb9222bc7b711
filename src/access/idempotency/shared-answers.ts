import { Injectable } from '@nestjs/common';
import { REDIS_PREFIX, SharedStore } from '../shared/index.js';
import type { KeptRequest } from './answer-memory.js';

/** What other replicas know of a request. */
export type Claim =
  /** Nobody else answers it; whoever has the claim must {@link SharedAnswers.keep} an answer or {@link SharedAnswers.release} it. */
  | { readonly state: 'claimed' }
  /** Another replica answers it now. */
  | { readonly state: 'busy'; readonly fingerprint: string }
  | ({ readonly state: 'kept' } & KeptRequest)
  /** Nobody can be asked. */
  | { readonly state: 'unknown' };

type Stored = Partial<KeptRequest> & Pick<KeptRequest, 'fingerprint'>;

/** Answers and claims in Redis, so that a repeated request may come to another replica. Nothing here ever rejects. */
@Injectable()
export class SharedAnswers {
  constructor(private readonly store: SharedStore) {}

  /** @param forMs how long the claim holds if its process is no more there to end or {@link renew} it */
  async claim(id: string, fingerprint: string, forMs: number): Promise<Claim> {
    const { redis } = this.store;
    if (redis === undefined) return { state: 'unknown' };
    try {
      const key = keyOf(id);
      const claimed = await redis.set(key, JSON.stringify({ fingerprint } satisfies Stored), 'PX', forMs, 'NX');
      if (claimed === 'OK') return { state: 'claimed' };
      const text = await redis.get(key);
      // It ended just now without an answer.
      if (text === null) return { state: 'busy', fingerprint };
      const stored = JSON.parse(text) as Stored;
      return stored.answer === undefined
        ? { state: 'busy', fingerprint: stored.fingerprint }
        : { state: 'kept', fingerprint: stored.fingerprint, answer: stored.answer };
    } catch (error) {
      this.store.failed(error);
      return { state: 'unknown' };
    }
  }

  /** Makes a claim hold for so much longer. */
  async renew(id: string, fingerprint: string, forMs: number): Promise<void> {
    const claim = JSON.stringify({ fingerprint } satisfies Stored);
    await this.#try(this.store.redis?.set(keyOf(id), claim, 'PX', forMs));
  }

  async keep(id: string, { fingerprint, answer }: KeptRequest, ttlMs: number): Promise<void> {
    const stored: Stored = { fingerprint, answer };
    await this.#try(this.store.redis?.set(keyOf(id), JSON.stringify(stored), 'PX', ttlMs));
  }

  async release(id: string): Promise<void> {
    await this.#try(this.store.redis?.del(keyOf(id)));
  }

  async #try(command: Promise<unknown> | undefined): Promise<void> {
    try {
      await command;
    } catch (error) {
      this.store.failed(error);
    }
  }
}

function keyOf(id: string): string {
  return `${REDIS_PREFIX}:answers:${id}`;
}
