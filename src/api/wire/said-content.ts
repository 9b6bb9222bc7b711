import { isDeepStrictEqual } from 'node:util';
import { writeBoundedJson } from '../../kernel/index.js';

/** Keeps what nodes said to the client as `content`, for comparison with their outputs; bounded for each node. */
export class SaidContent {
  readonly #limit: number;
  /** The text of each node from its first bracket on; undefined if it is too long. */
  readonly #texts = new Map<string, string | undefined>();

  /** @param limit most characters that are kept of one node */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(node: string, text: string): void {
    if (!this.#texts.has(node)) {
      // The separator before a node's text is not a part of it.
      const start = text.search(/[[{]/);
      if (start >= 0) this.#keep(node, text.slice(start));
      return;
    }
    const before = this.#texts.get(node);
    if (before !== undefined) this.#keep(node, before + text);
  }

  /** Whether the node has said this value as JSON and nothing else. Never throws. */
  isAll(node: string, value: object): boolean {
    const text = this.#texts.get(node);
    if (text === undefined) return false;
    try {
      return isDeepStrictEqual(JSON.parse(text), JSON.parse(writeBoundedJson(value, this.#limit) ?? ''));
    } catch {
      return false;
    }
  }

  #keep(node: string, text: string): void {
    this.#texts.set(node, text.length > this.#limit ? undefined : text);
  }
}
