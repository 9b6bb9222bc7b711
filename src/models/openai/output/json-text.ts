import type { Delta } from '../../../streaming/index.js';
import type { FinishReason } from '../../finish-reason.js';
import { JsonEndFinder } from '../json-end-finder.js';
import type { OutputFilter } from './output-filter.js';

/** The beginning of a JSON object, up to the colon after its first key. */
const OBJECT = /^\{\s*"(?:[^"\\]|\\.)*"\s*:/s;
const OBJECT_SO_FAR = /^\{\s*(?:"(?:[^"\\]|\\.)*(?:"\s*|\\)?)?$/s;
/** The beginning of an array, up to its first value. */
const ARRAY = /^\[\s*(?:\{\s*"|\[|"|-?\d|true\b|false\b|null\b)/;
const ARRAY_SO_FAR = /^\[\s*(?:\{\s*|-|t|tr|tru|f|fa|fal|fals|n|nu|nul)?$/;
const EMPTY_OBJECT = /\{\s*\}/;
const EMPTY_ARRAY = /\[\s*\]/;
/** Longest beginning of an object before its first colon, in characters; it bounds the search in each piece. */
const LONGEST_START = 512;

/** The JSON to look for. */
interface JsonTextOptions {
  /** Whether the JSON is an array; otherwise it is an object. */
  readonly isArray: boolean;
  /** True if content that begins with the right bracket is JSON, because the server accepted the request for JSON. */
  readonly isTrusting: boolean;
}

/**
 * Passes on only the first JSON object (or array) of the content, as it arrives. Models put it into a code fence or between
 * words, which may contain braces. Content without JSON is passed on unchanged at the end.
 */
export class JsonTextFilter implements OutputFilter {
  readonly #options: JsonTextOptions;
  readonly #bracket: string;
  /** The text before the JSON. */
  #preface = '';
  /** Text from a bracket that may begin the JSON. */
  #start = '';
  readonly #endFinder = new JsonEndFinder();
  #state: 'before' | 'inside' | 'after' = 'before';
  /** Never done, because text after the JSON is dropped, too. */
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
      // JSON that was cut inside its first key is passed on, too.
      out.push({ type: 'content', text: empty?.[0] ?? (this.#start === '' ? text : this.#start) });
    }
    this.#preface = '';
    this.#start = '';
    return finishReason;
  }

  /**
   * Passes content on without a search, if it can be trusted.
   * @returns false if it must be searched
   */
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

  /** Whether JSON begins here; undefined if more text is needed. */
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
    const end = this.#endFinder.push(text);
    if (end !== undefined) this.#state = 'after';
    const isAll = text === delta.text && (end === undefined || end === text.length);
    out.push(isAll ? delta : { type: 'content', text: text.slice(0, end) });
  }
}
