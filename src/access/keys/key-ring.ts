import { createHash, timingSafeEqual } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { LimitsConfig, NamedHash } from '../../config/index.js';
import { Caller } from '../caller.js';
import { WorkflowPatterns } from '../workflow-patterns.js';
import { parseExpiry } from './expiry.js';
import type { KeyEntry } from './key-entry.js';
import { KeyFileError } from './key-file-error.js';

/** Most keys that are added in one turn of the event loop: a few milliseconds of work. */
const KEYS_PER_TURN = 500;

/** A known key, and whether it is valid. */
export interface KnownKey {
  readonly caller: Caller;
  readonly isDisabled: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number | undefined;
}

/**
 * The known keys, as hashes; it never changes. One round of SHA-256 is enough for keys of at least 128 random bits:
 * trying that many is impossible, however fast each try is. (Slow hashes such as bcrypt are for passwords, which people
 * choose; here they would cost each request a tenth of a second.)
 */
export class KeyRing {
  readonly #keys = new Map<string, KnownKey & { readonly hash: Buffer }>();
  /** The known keys by the ids of their callers. */
  readonly #ofCallers = new Map<string, KnownKey>();

  /**
   * @param given keys that have only a name
   * @param limits of these keys
   */
  constructor(given: readonly NamedHash[], limits: LimitsConfig) {
    for (const { name, hash } of given) this.#add(hash, makeCaller({ name }, limits), false, undefined);
  }

  /**
   * Makes a ring that also has the entries of a file, however many, without blocking the event loop.
   * @param limits of keys that have none of their own
   * @throws KeyFileError if an entry has the name or hash of a given key
   */
  static async withEntries(
    given: readonly NamedHash[],
    entries: readonly KeyEntry[],
    limits: LimitsConfig,
  ): Promise<KeyRing> {
    const ring = new KeyRing(given, limits);
    const names = new Set(given.map(({ name }) => name));
    const faults: string[] = [];
    let place = 0;
    for (const entry of entries) {
      const hash = entry.hash.slice('sha256:'.length);
      place++;
      if (names.has(entry.name) || ring.#keys.has(hash)) {
        faults.push(`entry ${place} ("${entry.name}"): API_KEYS has a key of the same name or hash`);
      } else ring.#add(hash, makeCaller(entry, limits), entry.disabled === true, readExpiry(entry));
      if (place % KEYS_PER_TURN === 0) await turn();
    }
    if (faults.length > 0) throw new KeyFileError(faults);
    return ring;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** @returns undefined if the key is unknown */
  find(key: string): KnownKey | undefined {
    const hash = createHash('sha256').update(key).digest();
    const known = this.#keys.get(hash.toString('hex'));
    // The duration of the look-up can at most reveal a part of the hash, from which the key cannot be found.
    return known !== undefined && timingSafeEqual(known.hash, hash) ? known : undefined;
  }

  /**
   * The key of a caller.
   * @returns undefined if it is unknown
   */
  findCaller(callerId: string): KnownKey | undefined {
    return this.#ofCallers.get(callerId);
  }

  #add(hash: string, caller: Caller, isDisabled: boolean, expiresAt: number | undefined): void {
    const known = { caller, isDisabled, expiresAt, hash: Buffer.from(hash, 'hex') };
    this.#keys.set(hash, known);
    this.#ofCallers.set(caller.id, known);
  }
}

/**
 * An unreadable expiry was refused before. If one gets here all the same, the key is refused rather than valid for ever.
 */
function readExpiry({ expires }: KeyEntry): number | undefined {
  return expires === undefined ? undefined : (parseExpiry(expires) ?? -Infinity);
}

function makeCaller(
  { name, workflows, limits, inspect }: Pick<KeyEntry, 'name' | 'workflows' | 'limits' | 'inspect'>,
  defaults: LimitsConfig,
): Caller {
  return new Caller({
    id: `key:${name}`,
    name,
    inspects: inspect === true,
    workflows: workflows && new WorkflowPatterns(workflows),
    limits: {
      requestsPerMinute: limits?.requestsPerMinute ?? defaults.requestsPerMinute,
      tokensPerMinute: limits?.tokensPerMinute ?? defaults.tokensPerMinute,
      concurrentStreams: limits?.concurrentStreams ?? defaults.concurrentStreams,
    },
  });
}
