import { countCharacters, type Delta, type TokenLogprob } from '../../../streaming/index.js';
import type { FinishReason } from '../../finish-reason.js';
import type { OutputFilter } from './output-filter.js';

/** Most white space and beginning of a tag that is held, in characters: some models write white space without end. */
const MOST_HELD = 1_024;

/**
 * Extracts reasoning from a tag at the beginning of the content: `<reasoning>…</reasoning>` (gpt-oss on Bedrock),
 * `<thought>…</thought>` (Gemini), `<think>…</think>` (DeepSeek, Qwen). Later tags are text.
 */
export class ReasoningTagFilter implements OutputFilter {
  readonly #names: readonly string[];
  /** The closing tag. */
  #close: string;
  #state: 'before' | 'inside' | 'after';
  /** Text that may begin a tag, or white space before one. */
  #held = '';
  /** Log probabilities of the held text. */
  #logprobs: readonly TokenLogprob[] = [];
  #tagged = false;
  #hasThought = false;
  /** Content read and passed on, in Unicode code points. */
  #read = 0;
  #passed = 0;

  /**
   * @param names names of the tags. One that begins with a slash is open from the beginning: the templates of some models
   *   write it into the prompt, so that only its end is in the output.
   */
  constructor(names: readonly string[]) {
    const opened = names.find((name) => name.startsWith('/'));
    this.#names = names.map((name) => name.replace('/', ''));
    this.#state = opened === undefined ? 'before' : 'inside';
    this.#close = `<${opened ?? ''}>`;
    this.#tagged = opened !== undefined;
  }

  get isDone(): boolean {
    return this.#state === 'after';
  }

  get cut(): number {
    return this.#read - this.#passed - countCharacters(this.#held);
  }

  read(delta: Delta, out: Delta[]): void {
    if (delta.type !== 'content' || this.#state === 'after') {
      out.push(delta);
      return;
    }
    this.#held += delta.text;
    this.#read += countCharacters(delta.text);
    if (delta.logprobs !== undefined) this.#logprobs = [...this.#logprobs, ...delta.logprobs];
    while (this.#state === 'inside' ? this.#readInside(out) : this.#readBefore(out));
  }

  end(finishReason: FinishReason, out: Delta[]): FinishReason {
    const text = this.#tagged ? this.#held.trimStart() : this.#held;
    if (this.#state !== 'inside') this.#pushContent(text, out);
    else if (text !== '') out.push({ type: 'reasoning', text });
    this.#held = '';
    return finishReason;
  }

  /** @returns true if there is more to read */
  #readBefore(out: Delta[]): boolean {
    const text = this.#held.trimStart();
    const name = this.#names.find((each) => text.startsWith(`<${each}>`));
    if (name !== undefined) {
      this.#held = text.slice(name.length + 2);
      this.#close = `</${name}>`;
      this.#state = 'inside';
      this.#tagged = true;
      return true;
    }
    if (this.#held.length < MOST_HELD && this.#isStart(text)) return false;
    // Blank lines after the tag are not a part of the output.
    this.#pushContent(this.#tagged ? text : this.#held, out);
    this.#held = '';
    this.#state = 'after';
    return false;
  }

  #pushContent(text: string, out: Delta[]): void {
    const logprobs = this.#logprobs;
    this.#logprobs = [];
    this.#passed += countCharacters(text);
    if (logprobs.length > 0) out.push({ type: 'content', text, logprobs });
    else if (text !== '') out.push({ type: 'content', text });
  }

  #isStart(text: string): boolean {
    return this.#names.some((each) => `<${each}>`.startsWith(text));
  }

  #readInside(out: Delta[]): boolean {
    this.#logprobs = [];
    // Models write blank lines before their first thought, or if they do not think at all.
    if (!this.#hasThought) this.#held = this.#held.trimStart();
    const end = this.#held.indexOf(this.#close);
    const safe = end >= 0 ? end : this.#held.length - countOverlap(this.#held, this.#close);
    if (safe > 0) {
      this.#hasThought = true;
      out.push({ type: 'reasoning', text: this.#held.slice(0, safe) });
    }
    this.#held = this.#held.slice(safe + (end >= 0 ? this.#close.length : 0)).trimStart();
    if (end < 0) return false;
    // Bedrock may tag each piece separately.
    this.#state = 'before';
    return this.#held !== '';
  }
}

/** Length of the longest end of `text` that is a beginning of `tag`. */
function countOverlap(text: string, tag: string): number {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length--) {
    if (tag.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
