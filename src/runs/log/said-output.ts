import { isDeepStrictEqual } from 'node:util';
import type { RunEvent } from '../../engine/index.js';
import type { JsonValue } from '../../kernel/index.js';

/** A piece of a run's output. */
interface OutputPiece {
  readonly node: string;
  readonly text: string;
}

/** The content of a run's output, without its void parts. */
export class SaidOutput {
  readonly #longest: number;
  #pieces: OutputPiece[] | undefined = [];
  #length = 0;

  /** @param longest most characters that are stored */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Undefined if it is longer than the limit. */
  get text(): string | undefined {
    return this.#pieces?.map(({ text }) => text).join('');
  }

  /** True if the step's output is exactly this value as JSON. */
  hasSaid(value: Exclude<JsonValue, string>): boolean {
    const texts = new Map<string, string>();
    for (const { node, text } of this.#pieces ?? []) texts.set(node, (texts.get(node) ?? '') + text);
    return [...texts.values()].some((text) => matchesJson(text, value));
  }

  /** Takes the run's next event, from the first one on. */
  add(event: RunEvent): void {
    if (this.#pieces === undefined) return;
    if (event.type === 'node-restarted') {
      this.#pieces = this.#pieces.filter(({ node }) => node !== event.node);
    } else if (event.type === 'delta' && event.delta.type === 'content') {
      const { text } = event.delta;
      this.#length += text.length;
      if (this.#length > this.#longest) this.#pieces = undefined;
      else this.#pieces.push({ node: event.node, text });
    }
  }
}

/** @param text may begin with the separator before a step's text, which is no part of it */
function matchesJson(text: string, value: JsonValue): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(text.slice(Math.max(0, text.search(/[[{]/)))), value);
  } catch {
    return false;
  }
}
