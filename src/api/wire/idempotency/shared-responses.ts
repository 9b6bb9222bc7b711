import { Injectable } from '@nestjs/common';
import { REDIS_PREFIX, type Sent, SharedStore } from '../../../access/index.js';
import { IdSource } from '../../../kernel/index.js';
import type { KeptRequest } from './response-memory.js';

/** What other replicas know of a request. */
export type Claim =
  /**
   * As far as can be known, nobody else answers it; whoever has the claim must {@link SharedResponses.keep} an answer or
   * {@link SharedResponses.release} it.
   */
  | { readonly state: 'claimed' }
  /** Another replica answers it now. */
  | { readonly state: 'busy'; readonly fingerprint: string }
  | ({ readonly state: 'kept' } & KeptRequest);

/** A claim has an owner, an answer has none. */
type Stored = Partial<KeptRequest> & Pick<KeptRequest, 'fingerprint'> & { readonly owner?: string };

/** How long a request waits for a connection on which to ask what has become of its claim, in milliseconds. */
const CONNECTION_MS = 1_500;

/** Takes a place that is free, or is this replica's already; gives what is there if it is somebody else's. */
const CLAIM = `
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local held = redis.call('get', KEYS[1])
if held ~= ARGV[1] then return held end
redis.call('pexpire', KEYS[1], ARGV[2])
return false
`;
/** Puts something else in the place of this replica's claim, or where nothing is: a claim that was lost is no one else's. */
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

/** Answers and claims in Redis, so that a repeated request may come to another replica. Nothing here ever rejects. */
@Injectable()
export class SharedResponses {
  /** No replica changes what another one has claimed. */
  readonly #owner: string;

  constructor(
    private readonly store: SharedStore,
    ids: IdSource,
  ) {
    this.#owner = ids.replicaId();
  }

  /** Whether there are others that are to know. */
  get isShared(): boolean {
    return this.store.isConfigured;
  }

  /**
   * Claims a request. If Redis takes the claim and does not say so in time, it is asked again as soon as it can be: who
   * holds it then decides. A claim of which Redis cannot be told counts as held; Redis is told when the claim is renewed or
   * ends.
   * @param forMs how long the claim holds if its process is gone and cannot end or {@link renew} it
   */
  async claim(id: string, fingerprint: string, forMs: number): Promise<Claim> {
    const claim = (): Promise<Sent<unknown>> =>
      this.store.send('write', (redis) => redis.eval(CLAIM, 1, makeRedisKey(id), this.#writeClaim(fingerprint), forMs));
    let sent = await claim();
    if (sent.state === 'unknown' && (await this.store.whenConnected(CONNECTION_MS))) sent = await claim();
    return (sent.state === 'done' ? readClaim(sent.value) : undefined) ?? { state: 'claimed' };
  }

  /** Makes a claim hold for so much longer. */
  async renew(id: string, fingerprint: string, forMs: number): Promise<void> {
    await this.#replace(id, fingerprint, this.#writeClaim(fingerprint), forMs);
  }

  /** @returns false if Redis could not be told */
  async keep(id: string, { fingerprint, answer }: KeptRequest, ttlMs: number): Promise<boolean> {
    return this.#replace(id, fingerprint, JSON.stringify({ fingerprint, answer } satisfies Stored), ttlMs);
  }

  /** @returns false if Redis could not be told */
  async release(id: string, fingerprint: string): Promise<boolean> {
    const claim = this.#writeClaim(fingerprint);
    return isSettled(await this.store.send('write', (redis) => redis.eval(RELEASE, 1, makeRedisKey(id), claim)));
  }

  /** Whether Redis can be told again within some time. */
  async whenBack(withinMs: number): Promise<boolean> {
    return this.store.whenConnected(withinMs);
  }

  async #replace(id: string, fingerprint: string, text: string, forMs: number): Promise<boolean> {
    const claim = this.#writeClaim(fingerprint);
    const sent = await this.store.send('write', (redis) =>
      redis.eval(REPLACE, 1, makeRedisKey(id), claim, text, forMs),
    );
    return isSettled(sent);
  }

  /** The claim as it stands in Redis, letter by letter: scripts compare it. */
  #writeClaim(fingerprint: string): string {
    return JSON.stringify({ fingerprint, owner: this.#owner } satisfies Stored);
  }
}

function isSettled({ state }: Sent<unknown>): boolean {
  return state === 'done';
}

/** Undefined if there is nothing, or something that no replica has written. */
function readClaim(text: unknown): Claim | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const { fingerprint, answer } = JSON.parse(text) as Stored;
    return answer === undefined ? { state: 'busy', fingerprint } : { state: 'kept', fingerprint, answer };
  } catch {
    return undefined;
  }
}

function makeRedisKey(id: string): string {
  return `${REDIS_PREFIX}:answers:${id}`;
}
