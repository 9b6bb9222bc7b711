import type { Clock } from '../../../kernel/index.js';
import type { KeptResponse } from './kept-response.js';

/** The entry of one key. */
export interface ResponseEntry {
  /** Hash of the request's body: another body under the same key is a mistake of the client. */
  readonly fingerprint: string;
  readonly response: KeptResponse;
}

interface Held extends ResponseEntry {
  readonly bytes: number;
  readonly until: number;
}

/** Approximate bytes of an entry beside its body. */
const OVERHEAD = 500;

/**
 * The latest responses of this process, kept for a limited time and within a limited memory. The oldest are dropped
 * first.
 */
export class ResponseMemory {
  /** In the order in which they came. */
  readonly #held = new Map<string, Held>();
  #bytes = 0;

  constructor(
    private readonly limits: { readonly ttlMs: number; readonly maxBytes: number },
    private readonly clock: Clock,
  ) {}

  get(id: string): ResponseEntry | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return undefined;
    if (held.until > this.clock.monotonic()) return held;
    this.#drop(id, held);
    return undefined;
  }

  set(id: string, kept: ResponseEntry): void {
    const before = this.#held.get(id);
    if (before !== undefined) this.#drop(id, before);
    // A string takes up to two bytes for each character.
    const bytes = OVERHEAD + 2 * (id.length + kept.fingerprint.length + kept.response.body.length);
    if (bytes > this.limits.maxBytes) return;
    const now = this.clock.monotonic();
    this.#held.set(id, { ...kept, bytes, until: now + this.limits.ttlMs });
    this.#bytes += bytes;
    for (const [oldest, held] of this.#held) {
      if (this.#bytes <= this.limits.maxBytes && held.until > now) break;
      this.#drop(oldest, held);
    }
  }

  #drop(id: string, { bytes }: Held): void {
    this.#held.delete(id);
    this.#bytes -= bytes;
  }
}
