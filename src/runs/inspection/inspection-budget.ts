import type { JsonValue } from '../../kernel/index.js';
import { captureJson, type TraceMask } from '../../tracing/index.js';

/** Most bytes of one value, such as the messages of one model call. */
const MOST_OF_VALUE = 128 * 1024;
/** Most bytes of one run. */
const MOST_OF_RUN = 1024 * 1024;
/** Approximate bytes of an event without its values. */
const OF_EVENT = 300;

/** Turns what is recorded of one run into plain JSON without secrets, while there is room. */
export class InspectionBudget {
  #left: number;
  #isExceeded = false;

  /**
   * @param mask the application's mask for traces
   * @param onTake called with the number of bytes taken
   */
  constructor(
    private readonly mask: TraceMask | undefined,
    private readonly onTake: (bytes: number) => void,
  ) {
    this.#left = MOST_OF_RUN;
  }

  /** How many bytes were taken. */
  get taken(): number {
    return MOST_OF_RUN - this.#left;
  }

  /** Takes nothing more. */
  close(): void {
    this.#left = 0;
  }

  /** True once something had no room. */
  get isExceeded(): boolean {
    return this.#isExceeded;
  }

  /**
   * Reserves room for one event.
   * @returns false if there is none
   */
  takeEvent(): boolean {
    if (this.#left < OF_EVENT) this.#isExceeded = true;
    else this.#count(OF_EVENT);
    return !this.#isExceeded;
  }

  /** @returns undefined for what JSON leaves out, and if there is no room for it */
  take(value: unknown, field: 'input' | 'output' | 'metadata'): JsonValue | undefined {
    if (value === undefined) return undefined;
    const limit = Math.min(MOST_OF_VALUE, this.#left);
    const json = limit < OF_EVENT ? undefined : captureJson(value, limit);
    if (json === undefined) {
      this.#isExceeded ||= limit < OF_EVENT;
      return undefined;
    }
    this.#count(Math.min(json.length, this.#left));
    return parse(this.#mask(json, field));
  }

  /** A text for operators: without secrets. */
  takeText(text: string): string {
    const taken = this.take(text, 'metadata');
    return typeof taken === 'string' ? taken : '';
  }

  #count(bytes: number): void {
    this.#left -= bytes;
    this.onTake(bytes);
  }

  #mask(json: string, field: 'input' | 'output' | 'metadata'): string {
    if (this.mask === undefined) return json;
    try {
      return this.mask.mask(json, field);
    } catch {
      return '"<masking failed>"';
    }
  }
}

/** Redacting or masking can break the JSON; the result is then kept as text. */
function parse(json: string): JsonValue {
  try {
    return JSON.parse(json) as JsonValue;
  } catch {
    return json;
  }
}
