import { BACKSLASH, QUOTE } from '../../kernel/index.js';

const SPACE = 0x20;

/** Longest chunk that is learned, in characters; longer ones must pass `assertParsable()`. */
const LONGEST_CHUNK = 4 * 1024;
/** Longest text that V8 copies, in characters. Longer slices are views that keep the whole read in memory. */
const LONGEST_COPY = 12;
/** Replaces a chunk's text to check that it is `choices[0].delta.content`. */
const PROBE = '\u2042 another text \u2042';

/**
 * The shape of chunks that differ only in their text, as nearly all do. One chunk is parsed; from the next ones only the text
 * is read. The result equals that of parsing, because replacing one string in a JSON text changes one value.
 */
export class RepeatedChunk {
  readonly #before: string;
  readonly #after: string;

  private constructor(before: string, after: string) {
    this.#before = before;
    this.#after = after;
  }

  /**
   * Learns the shape of a chunk.
   * @param json a chunk that was parsed
   * @param text its `choices[0].delta.content`
   * @returns undefined if the text cannot be located
   */
  static learn(json: string, text: string): RepeatedChunk | undefined {
    if (json.length > LONGEST_CHUNK) return undefined;
    const literal = `"${text}"`;
    const at = json.indexOf(literal, json.indexOf('"delta"'));
    if (at < 0) return undefined;
    const end = at + literal.length - 1;
    const probe = `${json.slice(0, at + 1)}${PROBE}${json.slice(end)}`;
    // Slices of the probe, so that they do not keep the whole read in memory.
    return hasText(probe) ? new RepeatedChunk(probe.slice(0, at + 1), probe.slice(end - json.length)) : undefined;
  }

  /** Reads the text of a chunk with this shape; undefined if it has another shape or must be parsed. */
  readText(json: string): string | undefined {
    const from = this.#before.length;
    const end = json.length - this.#after.length;
    if (end <= from || json.length > LONGEST_CHUNK) return undefined;
    let hasEscapes = false;
    for (let i = from; i < end; i++) {
      const code = json.charCodeAt(i);
      if (code === QUOTE || code < SPACE) return undefined;
      if (code !== BACKSLASH) continue;
      hasEscapes = true;
      i++;
    }
    if (!json.startsWith(this.#before) || !json.endsWith(this.#after)) return undefined;
    if (!hasEscapes && end - from <= LONGEST_COPY) return json.slice(from, end);
    return parseText(json.slice(from - 1, end + 1));
  }
}

function hasText(probe: string): boolean {
  try {
    const chunk = JSON.parse(probe) as {
      readonly choices?: readonly ({ readonly delta?: { readonly content?: unknown } | null } | null)[];
    };
    return chunk.choices?.[0]?.delta?.content === PROBE;
  } catch {
    return false;
  }
}

function parseText(literal: string): string | undefined {
  try {
    const text: unknown = JSON.parse(literal);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}
