import type { FinishReason } from '../../../protocol/index.js';
import type { Delta } from '../../../streaming/index.js';
import type { AnswerFilter } from './answer-filter.js';

/**
 * Passes on the first JSON object in the content, as it arrives, and nothing around it: models that are only asked for
 * JSON put it in a code fence, or words before and after it. Content without an object is passed on at the end, as it is.
 */
export class JsonObjectText implements AnswerFilter {
  /** What came before the object. */
  #preface = '';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #state: 'before' | 'inside' | 'after' = 'before';

  read(delta: Delta, out: Delta[]): void {
    if (delta.type !== 'content') {
      out.push(delta);
      return;
    }
    if (this.#state === 'after') return;
    let { text } = delta;
    if (this.#state === 'before') {
      const start = text.indexOf('{');
      if (start < 0) {
        this.#preface += text;
        return;
      }
      text = text.slice(start);
      this.#preface = '';
      this.#state = 'inside';
    }
    const end = this.#endIn(text);
    if (end !== undefined) this.#state = 'after';
    out.push(
      text.length === delta.text.length && end === undefined ? delta : { type: 'content', text: text.slice(0, end) },
    );
  }

  end(finishReason: FinishReason, out: Delta[]): FinishReason {
    if (this.#preface !== '') out.push({ type: 'content', text: this.#preface });
    this.#preface = '';
    return finishReason;
  }

  /** Index after the object's last brace; undefined if it goes on. */
  #endIn(text: string): number | undefined {
    for (let i = 0; i < text.length; i++) {
      const char = text[i];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (char === '\\') this.#escaped = true;
        else if (char === '"') this.#inString = false;
      } else if (char === '"') this.#inString = true;
      else if (char === '{') this.#depth++;
      else if (char === '}' && --this.#depth === 0) return i + 1;
    }
    return undefined;
  }
}
