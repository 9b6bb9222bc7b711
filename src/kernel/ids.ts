import { randomFillSync } from 'node:crypto';

/** The only source of identifiers; also its dependency-injection token. */
export abstract class IdSource {
  // 24 hex digits each; code that gives out such an id puts a prefix of its own before it.

  /** Id of one run. */
  abstract runId(): string;

  /** Id of a tool call whose model gave it none. */
  abstract toolCallId(): string;

  /** Id of one HTTP request. */
  abstract requestId(): string;

  /** Id of one item of a conversation that is kept, by which clients refer to it: 48 hex digits. */
  abstract itemId(): string;

  /** Id of this process among the replicas that share a store: 32 hex digits, another one at each call. */
  abstract replicaId(): string;

  /** Id of one trace, as W3C Trace Context has it: 32 hex digits. */
  abstract traceId(): string;

  /** Id of one observation of a trace, as W3C Trace Context has it: 16 hex digits. */
  abstract spanId(): string;
}

/** How many random bytes are fetched at once: asking the system for each id costs more than all the rest of making it. */
const POOL_BYTES = 4_096;

/** Ids from the operating system's random source: 96 bits each, but for those whose length others have set. */
export class RandomIdSource extends IdSource {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  override runId(): string {
    return this.#makeHex(12);
  }

  override toolCallId(): string {
    return this.#makeHex(12);
  }

  override requestId(): string {
    return this.#makeHex(12);
  }

  override itemId(): string {
    return this.#makeHex(24);
  }

  override replicaId(): string {
    return this.#makeHex(16);
  }

  override traceId(): string {
    return this.#makeHex(16);
  }

  override spanId(): string {
    return this.#makeHex(8);
  }

  #makeHex(bytes: number): string {
    if (this.#used + bytes > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += bytes;
    return this.#pool.toString('hex', from, this.#used);
  }
}
