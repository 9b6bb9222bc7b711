import type { Delta } from '../../../streaming/index.js';
import type { FinishReason } from '../../finish-reason.js';
import { JsonExtent } from '../json-extent.js';
import type { OutputFilter } from './output-filter.js';

/** How a JSON object begins, up to the colon after its first key. */
const OBJECT = /^\{\s*"(?:[^"\\]|\\.)*"\s*:/s;
const OBJECT_SO_FAR = /^\{\s*(?:"(?:[^"\\]|\\.)*(?:"\s*|\\)?)?$/s;
/** How an array begins, up to its first value. */
const ARRAY = /^\[\s*(?:\{\s*"|\[|"|-?\d|true\b|false\b|null\b)/;
const ARRAY_SO_FAR = /^\[\s*(?:\{\s*|-|t|tr|tru|f|fa|fal|fals|n|nu|nul)?$/;
const EMPTY_OBJECT = /\{\s*\}/;
const EMPTY_ARRAY = /\[\s*\]/;
/** What is longer before its first colon begins no object: each piece is looked at from its bracket on. */
const LONGEST_START = 512;

/** Which JSON is looked for. */
export interface JsonTextOptions {
  /** Whether the JSON is an array; else it is an object. */
  readonly isArray: boolean;
  /** True: what the content begins with is JSON if it is the right bracket, since its server took the request for JSON. */
  readonly isTrusting: boolean;
}

/**
 * Passes on the first JSON object (or array) in the content, as it arrives, and nothing around it: models put it in a code
 * fence, or words before and after it, which may hold braces of their own. Content without one is passed on at the end, as
 * it is.
 */
export class JsonTextFilter implements OutputFilter {
  readonly #options: JsonTextOptions;
  readonly #bracket: string;
  /** What came before the JSON. */
  #preface = '';
  /** From a bracket on that may be its beginning. */
  #start = '';
  readonly #extent = new JsonExtent();
  #state: 'before' | 'inside' | 'after' = 'before';
  /** Never: what comes after the JSON is left out, too. */
  readonly isDone = false;

  constructor(options: JsonTextOptions) {
    this.#options = options;
    this.#bracket = options.isArray ? '[' : '{';
  }

  read(delta: Delta, out: Delta[]): void {
    if (delta.type !== 'content') out.push(delta);
    else if (this.#state === 'inside') this.#pass(delta.text, delta, out);
    else if (this.#state === 'before' && !this.#trusts(delta, out)) this.#search(delta, out);
  }

  end(finishReason: FinishReason, out: Delta[]): FinishReason {
    const text = this.#preface + this.#start;
    if (this.#state === 'before' && text !== '') {
      const empty = (this.#options.isArray ? EMPTY_ARRAY : EMPTY_OBJECT).exec(text);
      // An output that was cut in its first key is an output all the same.
      out.push({ type: 'content', text: empty?.[0] ?? (this.#start === '' ? text : this.#start) });
    }
    this.#preface = '';
    this.#start = '';
    return finishReason;
  }

  /** Whether the content is passed on without a search. */
  #trusts(delta: Delta & { readonly text: string }, out: Delta[]): boolean {
    if (!this.#options.isTrusting || this.#preface !== '' || this.#start !== '') return false;
    const begin = delta.text.trimStart();
    if (begin !== '' && !begin.startsWith(this.#bracket)) return false;
    if (begin === '') out.push(delta);
    else this.#enter(delta.text, delta, out);
    return true;
  }

  #search(delta: Delta & { readonly text: string }, out: Delta[]): void {
    let text = this.#start + delta.text;
    this.#start = '';
    for (;;) {
      const at = text.indexOf(this.#bracket);
      if (at < 0) {
        this.#preface += text;
        return;
      }
      const from = at === 0 ? text : text.slice(at);
      const begins = this.#begins(from);
      if (begins === false) {
        this.#preface += text.slice(0, at + 1);
        text = text.slice(at + 1);
        continue;
      }
      this.#preface += text.slice(0, at);
      if (begins === undefined) this.#start = from;
      else this.#enter(from, delta, out);
      return;
    }
  }

  /** Undefined: more has to be seen. */
  #begins(text: string): boolean | undefined {
    const start = text.slice(0, LONGEST_START);
    if ((this.#options.isArray ? ARRAY : OBJECT).test(start)) return true;
    if (text.length >= LONGEST_START) return false;
    return (this.#options.isArray ? ARRAY_SO_FAR : OBJECT_SO_FAR).test(start) ? undefined : false;
  }

  #enter(text: string, delta: Delta & { readonly text: string }, out: Delta[]): void {
    this.#state = 'inside';
    this.#preface = '';
    this.#pass(text, delta, out);
  }

  #pass(text: string, delta: Delta & { readonly text: string }, out: Delta[]): void {
    const end = this.#extent.push(text);
    if (end !== undefined) this.#state = 'after';
    const isAll = text === delta.text && (end === undefined || end === text.length);
    out.push(isAll ? delta : { type: 'content', text: text.slice(0, end) });
  }
}
