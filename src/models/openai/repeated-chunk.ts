const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** As `assertParsable()` has it: what is longer is looked through before it is parsed. */
const LONGEST_CHUNK = 4 * 1024;
/** V8 cuts longer texts out as views, each of which would keep the whole read that it came with in memory. */
const LONGEST_COPY = 12;
/** Stands in place of a chunk's text to see whether it is that of `choices[0].delta.content`. */
const PROBE = '\u2042 another text \u2042';

/**
 * A chunk whose text alone differs from one to the next, as in nearly all chunks of nearly all answers: parsed once, after which
 * only the text is read. That gives what parsing gives, since a JSON text stays the same but for one value if one string in it is
 * replaced by another.
 */
export class RepeatedChunk {
  readonly #before: string;
  readonly #after: string;

  private constructor(before: string, after: string) {
    this.#before = before;
    this.#after = after;
  }

  /**
   * @param json a chunk that was parsed
   * @param text its `choices[0].delta.content`
   * @returns undefined if the text cannot be told from the rest
   */
  static learn(json: string, text: string): RepeatedChunk | undefined {
    if (json.length > LONGEST_CHUNK) return undefined;
    const literal = `"${text}"`;
    const at = json.indexOf(literal, json.indexOf('"delta"'));
    if (at < 0) return undefined;
    const end = at + literal.length - 1;
    const probe = `${json.slice(0, at + 1)}${PROBE}${json.slice(end)}`;
    // Views of the probe, which is as long as the chunk alone.
    return hasText(probe) ? new RepeatedChunk(probe.slice(0, at + 1), probe.slice(end - json.length)) : undefined;
  }

  /** The text of another chunk of this kind; undefined if it is of another kind, or must be parsed to see. */
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
