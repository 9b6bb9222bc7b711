/** The text is no JSON, not even the beginning of some. */
class NotJsonError extends Error {}
/** Stands for a value that has begun, but has nothing to show yet. */
const NOTHING = Symbol('nothing yet');
const DEEPEST = 200;

/**
 * Reads a JSON object or array of which only the beginning may have arrived. It reads what is there: a string that has
 * begun, the members so far. It leaves out what is not certain yet: half a number, half a name. Linear in the text's
 * length.
 * @param {string} text
 * @returns {{ value: object, complete: boolean } | undefined} undefined if it is anything else
 */
export function readPartialJson(text) {
  const reader = new Reader(text);
  try {
    reader.skipSpace();
    const first = text[reader.at];
    if (first !== '{' && first !== '[') return undefined;
    const value = reader.readValue(0);
    reader.skipSpace();
    if (typeof value !== 'object' || (!reader.ended && reader.at < text.length)) return undefined;
    return { value: /** @type {object} */ (value), complete: !reader.ended };
  } catch (error) {
    if (error instanceof NotJsonError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class Reader {
  at = 0;
  /** True if the text ended before its JSON did. */
  ended = false;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  skipSpace() {
    while (this.at < this.text.length && ' \t\n\r'.includes(/** @type {string} */ (this.text[this.at]))) this.at++;
  }

  /** @param {number} depth @returns {unknown} */
  readValue(depth) {
    if (depth > DEEPEST) throw new NotJsonError();
    switch (this.text[this.at]) {
      case undefined:
        this.ended = true;
        return NOTHING;
      case '{':
        return this.#readObject(depth);
      case '[':
        return this.#readArray(depth);
      case '"':
        return this.#readString();
      default:
        return this.#readLiteral();
    }
  }

  /** @param {number} depth */
  #readObject(depth) {
    /** @type {[string, unknown][]} */
    const members = [];
    this.#readMembers('}', () => {
      if (this.text[this.at] !== '"') throw new NotJsonError();
      const key = this.#readString();
      if (this.ended) return;
      this.skipSpace();
      if (this.at >= this.text.length) this.ended = true;
      else if (this.text[this.at++] !== ':') throw new NotJsonError();
      this.skipSpace();
      const value = this.readValue(depth + 1);
      if (value !== NOTHING) members.push([key, value]);
    });
    return Object.fromEntries(members);
  }

  /** @param {number} depth */
  #readArray(depth) {
    /** @type {unknown[]} */
    const items = [];
    this.#readMembers(']', () => {
      const value = this.readValue(depth + 1);
      if (value !== NOTHING) items.push(value);
    });
    return items;
  }

  /** @param {string} close @param {() => void} readOne */
  #readMembers(close, readOne) {
    this.at++;
    this.skipSpace();
    if (this.text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      this.skipSpace();
      if (this.at >= this.text.length) this.ended = true;
      if (this.ended) return;
      readOne();
      if (this.ended) return;
      this.skipSpace();
      const next = this.text[this.at++];
      if (next === close) return;
      if (next === undefined) this.ended = true;
      else if (next !== ',') throw new NotJsonError();
    }
  }

  #readString() {
    const start = this.at++;
    let escape = -1;
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at];
      if (character === '\\') escape = this.at++;
      else if (character === '"') return /** @type {string} */ (JSON.parse(this.text.slice(start, ++this.at)));
    }
    this.ended = true;
    this.at = this.text.length;
    // An escape, or a character of two halves, may be cut in the middle.
    const isCut = escape >= 0 && this.at - escape < (this.text[escape + 1] === 'u' ? 6 : 2);
    const begun = this.text.slice(start, isCut ? escape : this.at);
    return /** @type {string} */ (JSON.parse(`${begun}"`)).replace(/[\uD800-\uDBFF]$/, '');
  }

  #readLiteral() {
    const [literal = ''] = /^[^\s,\]}]*/.exec(this.text.slice(this.at, this.at + 400)) ?? [];
    const isLast = this.at + literal.length >= this.text.length;
    if (isLast) {
      if (!/^(?:t|tr|tru|true|f|fa|fal|fals|false|n|nu|nul|null|-?[\d.eE+-]*)$/.test(literal)) throw new NotJsonError();
      this.ended = true;
      this.at = this.text.length;
      return NOTHING;
    }
    this.at += literal.length;
    return JSON.parse(literal);
  }
}
