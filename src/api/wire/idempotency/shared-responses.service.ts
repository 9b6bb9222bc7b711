import { Injectable } from '@nestjs/common';
import { REDIS_PREFIX, type Sent, SharedStore } from '../../../access/index.js';
import { IdSource } from '../../../kernel/index.js';
import type { KeptResponse } from './kept-response.js';
import type { ResponseEntry } from './response-memory.js';

/** The state of a request on other replicas. */
type Claim =
  /**
   * No other replica is known to work on it. The holder of the claim must {@link SharedResponses.keep} a response or
   * {@link SharedResponses.release} the claim.
   */
  | { readonly state: 'claimed' }
  /** Another replica is working on it. */
  | { readonly state: 'busy'; readonly fingerprint: string }
  | ({ readonly state: 'kept' } & ResponseEntry);

/** What is stored in Redis: a claim has an owner, a response has none. Replicas of other versions read these names. */
interface Stored {
  readonly fingerprint: string;
  readonly owner?: string;
  readonly answer?: KeptResponse;
}

/** How long a request waits for a connection to check its claim, in milliseconds. */
const CONNECTION_MS = 1_500;

/** Stores the claim if the key is free or holds this claim already; otherwise returns what is stored there. */
const CLAIM = `
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local held = redis.call('get', KEYS[1])
if held ~= ARGV[1] then return held end
redis.call('pexpire', KEYS[1], ARGV[2])
return false
`;
/** Replaces this replica's claim. An empty key is written as well: a claim that Redis lost has no other owner. */
const REPLACE = `
local held = redis.call('get', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`;
const RELEASE = `
if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end
return 1
`;

/** Responses and claims in Redis, so that a repeated request may come to another replica. Nothing here ever rejects. */
@Injectable()
export class SharedResponses {
  /** Marks this replica's claims: no replica changes the claim of another one. */
  readonly #owner: string;

  constructor(
    private readonly store: SharedStore,
    ids: IdSource,
  ) {
    this.#owner = ids.replicaId();
  }

  /** Whether responses are shared with other replicas. */
  get isShared(): boolean {
    return this.store.isConfigured;
  }

  /**
   * Claims a request. If Redis does not confirm the claim in time, it is asked again as soon as it can be reached, and its
   * answer decides. If it cannot be reached, the claim counts as held, and Redis learns of it when the claim is renewed or ends.
   * @param forMs how long the claim holds, in milliseconds, if its process dies and neither ends nor {@link renew}s it
   */
  async claim(id: string, fingerprint: string, forMs: number): Promise<Claim> {
    const claim = (): Promise<Sent<unknown>> =>
      this.store.send('write', (redis) => redis.eval(CLAIM, 1, makeRedisKey(id), this.#writeClaim(fingerprint), forMs));
    let sent = await claim();
    if (sent.state === 'unknown' && (await this.store.waitForConnection(CONNECTION_MS))) sent = await claim();
    return (sent.state === 'done' ? readClaim(sent.value) : undefined) ?? { state: 'claimed' };
  }

  /** Makes a claim hold for another `forMs` milliseconds. */
  async renew(id: string, fingerprint: string, forMs: number): Promise<void> {
    await this.#replace(id, fingerprint, this.#writeClaim(fingerprint), forMs);
  }

  /** @returns false if Redis is unavailable */
  async keep(id: string, { fingerprint, response }: ResponseEntry, ttlMs: number): Promise<boolean> {
    return this.#replace(id, fingerprint, JSON.stringify({ fingerprint, answer: response } satisfies Stored), ttlMs);
  }

  /** @returns false if Redis is unavailable */
  async release(id: string, fingerprint: string): Promise<boolean> {
    const claim = this.#writeClaim(fingerprint);
    return isSettled(await this.store.send('write', (redis) => redis.eval(RELEASE, 1, makeRedisKey(id), claim)));
  }

  /**
   * Waits for Redis for at most `withinMs` milliseconds.
   * @returns whether there is a connection
   */
  async waitForConnection(withinMs: number): Promise<boolean> {
    return this.store.waitForConnection(withinMs);
  }

  async #replace(id: string, fingerprint: string, text: string, forMs: number): Promise<boolean> {
    const claim = this.#writeClaim(fingerprint);
    const sent = await this.store.send('write', (redis) =>
      redis.eval(REPLACE, 1, makeRedisKey(id), claim, text, forMs),
    );
    return isSettled(sent);
  }

  /** The claim exactly as it is stored: the scripts compare texts. */
  #writeClaim(fingerprint: string): string {
    return JSON.stringify({ fingerprint, owner: this.#owner } satisfies Stored);
  }
}

function isSettled({ state }: Sent<unknown>): boolean {
  return state === 'done';
}

/** @returns undefined if nothing is stored, or something that no replica wrote */
function readClaim(text: unknown): Claim | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const { fingerprint, answer: response } = JSON.parse(text) as Stored;
    return response === undefined ? { state: 'busy', fingerprint } : { state: 'kept', fingerprint, response };
  } catch {
    return undefined;
  }
}

function makeRedisKey(id: string): string {
  return `${REDIS_PREFIX}:answers:${id}`;
}
