import type { FinishReason } from '../../../protocol/index.js';
import type { Delta } from '../../../streaming/index.js';
import type { AnswerFilter } from './answer-filter.js';

/**
 * Takes reasoning out of content that begins with it, in a tag: `<reasoning>…</reasoning>` (gpt-oss on Bedrock),
 * `<thought>…</thought>` (Gemini). A tag further on is the model's own text.
 */
export class ReasoningTag implements AnswerFilter {
  readonly #open: string;
  readonly #close: string;
  #state: 'before' | 'inside' | 'after' = 'before';
  /** What may be the beginning of a tag, or white space before one. */
  #held = '';
  #tagged = false;

  constructor(name: string) {
    this.#open = `<${name}>`;
    this.#close = `</${name}>`;
  }

  read(delta: Delta, out: Delta[]): void {
    if (delta.type !== 'content' || this.#state === 'after') {
      out.push(delta);
      return;
    }
    this.#held += delta.text;
    while (this.#state === 'inside' ? this.#readInside(out) : this.#readBefore(out));
  }

  end(finishReason: FinishReason, out: Delta[]): FinishReason {
    const text = this.#tagged ? this.#held.trimStart() : this.#held;
    if (text !== '') out.push({ type: this.#state === 'inside' ? 'reasoning' : 'content', text });
    this.#held = '';
    return finishReason;
  }

  /** @returns true if there is more to read */
  #readBefore(out: Delta[]): boolean {
    const text = this.#held.trimStart();
    if (text.startsWith(this.#open)) {
      this.#held = text.slice(this.#open.length);
      this.#state = 'inside';
      this.#tagged = true;
      return true;
    }
    if (this.#open.startsWith(text)) return false;
    // Blank lines after the tag set it apart; they are no part of the answer.
    out.push({ type: 'content', text: this.#tagged ? text : this.#held });
    this.#held = '';
    this.#state = 'after';
    return false;
  }

  #readInside(out: Delta[]): boolean {
    const end = this.#held.indexOf(this.#close);
    const safe = end >= 0 ? end : this.#held.length - overlap(this.#held, this.#close);
    if (safe > 0) out.push({ type: 'reasoning', text: this.#held.slice(0, safe) });
    this.#held = this.#held.slice(safe + (end >= 0 ? this.#close.length : 0)).trimStart();
    if (end < 0) return false;
    // Bedrock may tag each piece by itself.
    this.#state = 'before';
    return this.#held !== '';
  }
}

/** Length of the longest end of `text` with which `tag` begins. */
function overlap(text: string, tag: string): number {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length--) {
    if (tag.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
