import { createHash, timingSafeEqual } from 'node:crypto';
import type { LimitsConfig, NamedHash } from '../../config/index.js';
import { Caller } from '../caller.js';
import { WorkflowPatterns } from '../workflow-patterns.js';
import type { KeyEntry } from './key-entry.js';

/** A key that is known, and whether it is good. */
export interface KnownKey {
  readonly caller: Caller;
  readonly isDisabled: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number | undefined;
}

/**
 * The keys that are known at one time; never changes. It holds hashes only. One round of SHA-256 is right for keys of at
 * least 128 random bits: nobody can try that many, however fast each try is. (Slow hashes such as bcrypt are for passwords,
 * which people choose; they would cost each request a tenth of a second.)
 */
export class KeyRing {
  readonly #keys = new Map<string, KnownKey & { readonly hash: Buffer }>();

  /**
   * @param given keys without rules of their own
   * @param limits those of keys that have none of their own
   */
  constructor(given: readonly NamedHash[], entries: readonly KeyEntry[], limits: LimitsConfig) {
    for (const { name, hash } of given) this.#add(hash, callerOf({ name }, limits), false, undefined);
    for (const entry of entries) {
      const expiresAt = entry.expires === undefined ? undefined : Date.parse(entry.expires);
      this.#add(entry.hash.slice('sha256:'.length), callerOf(entry, limits), entry.disabled === true, expiresAt);
    }
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Undefined if nobody has this key. */
  find(key: string): KnownKey | undefined {
    const hash = createHash('sha256').update(key).digest();
    const known = this.#keys.get(hash.toString('hex'));
    // The time that the look-up takes tells of the hash at most, from which nothing leads back to a key.
    return known !== undefined && timingSafeEqual(known.hash, hash) ? known : undefined;
  }

  #add(hash: string, caller: Caller, isDisabled: boolean, expiresAt: number | undefined): void {
    this.#keys.set(hash, { caller, isDisabled, expiresAt, hash: Buffer.from(hash, 'hex') });
  }
}

function callerOf(
  { name, workflows, limits }: Pick<KeyEntry, 'name' | 'workflows' | 'limits'>,
  defaults: LimitsConfig,
): Caller {
  return new Caller({
    id: `key:${name}`,
    name,
    workflows: workflows && new WorkflowPatterns(workflows),
    limits: {
      requestsPerMinute: limits?.requestsPerMinute ?? defaults.requestsPerMinute,
      tokensPerMinute: limits?.tokensPerMinute ?? defaults.tokensPerMinute,
      concurrentStreams: limits?.concurrentStreams ?? defaults.concurrentStreams,
    },
  });
}
