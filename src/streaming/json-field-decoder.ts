import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from '../kernel/index.js';
import type { TextChannel, TextDelta } from './delta.js';

/** Text that should be a JSON object cannot be one. Says where, never quotes the text. */
export class MalformedJsonError extends Error {
  /** @param position characters from the start of the text */
  constructor(reason: string, position: number) {
    super(`${reason} at character ${position}`);
    this.name = 'MalformedJsonError';
  }
}

const LETTER_N = 0x6e;
const LETTER_U = 0x75;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

type State =
  | 'before-object'
  | 'before-key'
  | 'key'
  | 'before-colon'
  | 'before-value'
  | 'string-value'
  | 'other-value'
  | 'after-value'
  | 'after-object';

/**
 * Takes the text of one JSON object as it is generated, cut anywhere, and gives the text of chosen top-level fields as
 * soon as it is there: a string field's characters decoded, nothing for null, any other value's JSON as it stands. Each
 * character is read once, and what is kept does not grow with the text.
 *
 * It checks what it must to decode. Whether the whole is valid JSON, and valid for its class, is for the caller to check
 * at the end on the whole text.
 */
export class JsonFieldDecoder {
  readonly #channels: ReadonlyMap<string, TextChannel>;
  readonly #seen = new Set<string>();
  #state: State = 'before-object';
  #key = '';
  #channel: TextChannel | undefined;
  #position = 0;
  /** Inside an escape sequence: its characters after the backslash so far. */
  #escape: string | undefined;
  /** Open braces and brackets of a value that is no string. */
  #depth = 0;
  #inNestedString = false;
  #nestedEscaped = false;
  #fault: MalformedJsonError | undefined;

  /** @param channels which top-level field goes to which channel; fields that are not in it are passed over. */
  constructor(channels: Readonly<Record<string, TextChannel>>) {
    this.#channels = new Map(Object.entries(channels));
  }

  /**
   * @returns the new text of the chosen fields, in order; neighbouring pieces of one channel are one delta. Nothing more
   *   once there is a {@link fault}.
   */
  push(text: string): TextDelta[] {
    const out: TextDelta[] = [];
    try {
      for (let i = 0; i < text.length && this.#fault === undefined;) i = this.#step(text, i, out);
    } catch (error) {
      if (!(error instanceof MalformedJsonError)) throw error;
      this.#fault = error;
    }
    this.#position += text.length;
    return out;
  }

  /**
   * Set as soon as the text cannot be a JSON object, or names a chosen field twice (the first value has been streamed,
   * but the second would be the one that counts).
   */
  get fault(): MalformedJsonError | undefined {
    return this.#fault;
  }

  #step(text: string, i: number, out: TextDelta[]): number {
    switch (this.#state) {
      case 'string-value':
      case 'key':
        return this.#stepString(text, i, out);
      case 'other-value':
        return this.#stepOtherValue(text, i, out);
      default:
        return this.#stepStructure(text, i);
    }
  }

  #stepStructure(text: string, i: number): number {
    const code = text.charCodeAt(i);
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return i + 1;
    switch (this.#state) {
      case 'before-object':
        if (code !== OPEN_BRACE) this.#fail('Expected a JSON object', i);
        this.#state = 'before-key';
        return i + 1;
      case 'before-key':
        if (code === CLOSE_BRACE) this.#state = 'after-object';
        else if (code === QUOTE) {
          this.#state = 'key';
          this.#key = '';
        } else this.#fail('Expected a property name', i);
        return i + 1;
      case 'before-colon':
        if (code !== COLON) this.#fail('Expected a colon', i);
        this.#state = 'before-value';
        return i + 1;
      case 'before-value':
        this.#depth = 0;
        this.#state = code === QUOTE ? 'string-value' : 'other-value';
        // Nothing but null begins with this letter; a field that is left out shows nothing.
        if (code === LETTER_N) this.#channel = undefined;
        return code === QUOTE ? i + 1 : i;
      case 'after-value':
        if (code === COMMA) this.#state = 'before-key';
        else if (code === CLOSE_BRACE) this.#state = 'after-object';
        else this.#fail('Expected a comma or the end of the object', i);
        return i + 1;
      default:
        return this.#fail('Unexpected text after the object', i);
    }
  }

  /** Runs of ordinary characters are copied whole; only escapes are taken one by one. */
  #stepString(text: string, i: number, out: TextDelta[]): number {
    if (this.#escape !== undefined) return this.#stepEscape(text, i, out);
    let end = i;
    let code = 0;
    for (; end < text.length; end++) {
      code = text.charCodeAt(end);
      if (code === QUOTE || code === BACKSLASH || code < 0x20) break;
    }
    if (end > i) this.#takeText(i === 0 && end === text.length ? text : text.slice(i, end), out);
    if (end === text.length) return end;
    if (code === BACKSLASH) this.#escape = '';
    else if (code === QUOTE) this.#endString(end);
    else this.#fail('A control character must be escaped', end);
    return end + 1;
  }

  #stepEscape(text: string, i: number, out: TextDelta[]): number {
    const escape = this.#escape + text.charAt(i);
    if (escape.charCodeAt(0) !== LETTER_U) {
      const decoded = ESCAPES[escape];
      if (decoded === undefined) this.#fail('Unknown escape sequence', i);
      else this.#takeText(decoded, out);
      this.#escape = undefined;
    } else if (escape.length === 5) {
      if (!/^u[0-9a-fA-F]{4}$/.test(escape)) this.#fail('Bad unicode escape', i);
      this.#takeText(String.fromCharCode(Number.parseInt(escape.slice(1), 16)), out);
      this.#escape = undefined;
    } else this.#escape = escape;
    return i + 1;
  }

  #takeText(text: string, out: TextDelta[]): void {
    if (this.#state === 'key') this.#key += text;
    else this.#emit(text, out);
  }

  #endString(at: number): void {
    if (this.#state === 'string-value') {
      this.#state = 'after-value';
      return;
    }
    this.#channel = this.#channels.get(this.#key);
    if (this.#channel !== undefined) {
      if (this.#seen.has(this.#key)) this.#fail('A property is given twice', at);
      this.#seen.add(this.#key);
    }
    this.#state = 'before-colon';
  }

  /** Numbers, literals, arrays and objects: passed on as they stand, up to the comma or brace that ends them. */
  #stepOtherValue(text: string, i: number, out: TextDelta[]): number {
    let end = i;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (this.#inNestedString) {
        if (this.#nestedEscaped) this.#nestedEscaped = false;
        else if (code === BACKSLASH) this.#nestedEscaped = true;
        else if (code === QUOTE) this.#inNestedString = false;
      } else if (code === QUOTE) this.#inNestedString = true;
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) this.#depth++;
      else if (this.#depth === 0 && (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET)) {
        // A bracket that was never opened is for `after-value` to refuse.
        this.#state = 'after-value';
        break;
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.#depth--;
    }
    if (end > i) this.#emit(text.slice(i, end), out);
    return end;
  }

  #emit(text: string, out: TextDelta[]): void {
    if (this.#channel === undefined) return;
    const last = out.at(-1);
    if (last?.type === this.#channel) out[out.length - 1] = { type: this.#channel, text: last.text + text };
    else out.push({ type: this.#channel, text });
  }

  #fail(reason: string, at: number): never {
    throw new MalformedJsonError(reason, this.#position + at);
  }
}
