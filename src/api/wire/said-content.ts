import { isDeepStrictEqual } from 'node:util';
import type { NodeFinished } from '../../engine/index.js';
import { type JsonValue, writeBoundedJson } from '../../kernel/index.js';

/** Keeps the `content` that the client got from each node, for comparison with their outputs; bounded for each node. */
export class SaidContent {
  readonly #limit: number;
  /** The text of each node; undefined if it is too long. */
  readonly #texts = new Map<string, string | undefined>();

  /** @param limit most characters that are kept of one node */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(node: string, text: string): void {
    const before = this.#texts.has(node) ? this.#texts.get(node) : '';
    if (before !== undefined) this.#keep(node, before + text);
  }

  /** Discards the earlier text of the node, which it now sends again. */
  restart(node: string): void {
    this.#texts.delete(node);
  }

  /** The output of a node, if clients have read it as text; undefined if they have not. */
  findShown({ node, visible, output }: Pick<NodeFinished, 'node' | 'visible' | 'output'>): JsonValue | undefined {
    if (!visible || output === null || (typeof output !== 'object' && typeof output !== 'string')) return undefined;
    return this.isAll(node, output) ? output : undefined;
  }

  /** True if the node's text is exactly this value: a text as it is, anything else as JSON. Never throws. */
  isAll(node: string, value: object | string): boolean {
    const said = this.#texts.get(node);
    if (said === undefined) return false;
    // The separator before a node's text is not a part of it.
    if (typeof value === 'string') return said.endsWith(value) && isBlank(said.slice(0, said.length - value.length));
    const text = said.slice(Math.max(0, said.search(/[[{]/)));
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

function isBlank(text: string): boolean {
  return text.trim() === '';
}
