import { setImmediate as turn } from 'node:timers/promises';
import type { AbortNotice } from '../../kernel/index.js';

type Encoding = Pick<typeof import('gpt-tokenizer/encoding/o200k_base'), 'encodeGenerator' | 'decodeGenerator'>;

/** A piece of text as a model would send it: the text of one token, or of several that only together make whole characters. */
export interface TextPiece {
  readonly text: string;
  /** How many tokens it took; at least 1. */
  readonly tokens: number;
}

/** In text from outside, `<|endoftext|>` and its like are plain characters; the library's default is to throw on them. */
const AS_PLAIN_TEXT = { disallowedSpecial: new Set<string>() };
/** Merging costs the square of a run's length, so longer runs are encoded in parts: at most one token more for each. */
const LONGEST_RUN = 1000;
/** Words that are no single token are remembered. The library's own 100,000 would let clients fill hundreds of megabytes. */
const REMEMBERED_WORDS = 2000;
/** Other requests get their turn after so many tokens, a few milliseconds of work. */
const TOKENS_PER_TURN = 4096;

/** OpenAI's `o200k_base` encoding. Time and memory are linear in the text, whatever it holds. */
export class Tokenizer {
  /** Loads the rank tables at the first use: they take 0.1 s and 50 MB, which a server that never answers as a demo saves. */
  static async load(): Promise<Tokenizer> {
    const encoding = await import('gpt-tokenizer/encoding/o200k_base');
    encoding.setMergeCacheSize(REMEMBERED_WORDS);
    return new Tokenizer(encoding);
  }

  private constructor(private readonly encoding: Encoding) {}

  /** Counts the tokens of texts, however long, without holding up other requests. Throws the signal's reason on abort. */
  async count(texts: Iterable<string>, signal: AbortNotice): Promise<number> {
    let count = 0;
    let nextTurn = TOKENS_PER_TURN;
    for (const text of texts) {
      for (const tokens of this.#encode(text)) {
        count += tokens.length;
        if (count < nextTurn) continue;
        nextTurn = count + TOKENS_PER_TURN;
        await turn();
        signal.throwIfAborted();
      }
    }
    return count;
  }

  /** Cuts a text into the pieces in which a model would send it. */
  split(text: string): TextPiece[] {
    let taken = 0;
    const take = function* (chunks: Iterable<number[]>): Generator<number, void, void> {
      for (const tokens of chunks) {
        for (const token of tokens) {
          taken++;
          yield token;
        }
      }
    };
    const pieces: TextPiece[] = [];
    let sent = 0;
    // Always to the end and in one go: all decoders share one buffer for incomplete characters, across calls.
    for (const piece of this.encoding.decodeGenerator(take(this.#encode(text)))) {
      pieces.push({ text: piece, tokens: taken - sent });
      sent = taken;
    }
    return pieces;
  }

  *#encode(text: string): Generator<number[], void, undefined> {
    for (const part of withoutLongRuns(text)) yield* this.encoding.encodeGenerator(part, AS_PLAIN_TEXT);
  }
}

/** Runs, in pieces: an unbounded one of some megabytes overflows the stack of the regular expression. */
const PIECES = new RegExp(`\\S{1,${LONGEST_RUN}}|\\s{1,${LONGEST_RUN}}`, 'g');

function* withoutLongRuns(text: string): Generator<string, void, void> {
  let start = 0;
  let wasWhole = true;
  let wasSpace = false;
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    const isSpace = /^\s/.test(piece);
    if (!wasWhole && isSpace === wasSpace) {
      // Half of a surrogate pair has no encoding of its own.
      const cut = isLowSurrogate(text.charCodeAt(index)) ? index + 1 : index;
      yield text.slice(start, cut);
      start = cut;
    }
    wasWhole = piece.length < LONGEST_RUN;
    wasSpace = isSpace;
  }
  if (start < text.length) yield text.slice(start);
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}
