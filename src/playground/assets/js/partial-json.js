/** The text is no JSON, not even the beginning of some. */
class NotJson extends Error {}
/** The text has ended in the middle of something of which there is nothing to show yet. */
const NOTHING = Symbol('nothing yet');
const DEEPEST = 200;

/**
 * Reads a JSON object or array of which only the beginning may have arrived. What is there is shown: a string that has begun,
 * the members so far. What cannot be told yet is left out: half a number, half a name. Linear in the text's length.
 * @param {string} text
 * @returns {{ value: object, complete: boolean } | undefined} undefined if it is anything else
 */
export function readPartialJson(text) {
  const reader = new Reader(text);
  try {
    reader.skipSpace();
    const first = text[reader.at];
    if (first !== '{' && first !== '[') return undefined;
    const value = reader.value(0);
    reader.skipSpace();
    if (typeof value !== 'object' || (!reader.ended && reader.at < text.length)) return undefined;
    return { value: /** @type {object} */ (value), complete: !reader.ended };
  } catch (error) {
    if (error instanceof NotJson || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class Reader {
  at = 0;
  /** True once the text was over before its JSON was. */
  ended = false;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  skipSpace() {
    while (this.at < this.text.length && ' \t\n\r'.includes(/** @type {string} */ (this.text[this.at]))) this.at++;
  }

  /** @param {number} depth @returns {unknown} */
  value(depth) {
    if (depth > DEEPEST) throw new NotJson();
    switch (this.text[this.at]) {
      case undefined:
        this.ended = true;
        return NOTHING;
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#literal();
    }
  }

  /** @param {number} depth */
  #object(depth) {
    /** @type {[string, unknown][]} */
    const members = [];
    this.#members('}', () => {
      if (this.text[this.at] !== '"') throw new NotJson();
      const key = this.#string();
      if (this.ended) return;
      this.skipSpace();
      if (this.at >= this.text.length) this.ended = true;
      else if (this.text[this.at++] !== ':') throw new NotJson();
      this.skipSpace();
      const value = this.value(depth + 1);
      if (value !== NOTHING) members.push([key, value]);
    });
    return Object.fromEntries(members);
  }

  /** @param {number} depth */
  #array(depth) {
    /** @type {unknown[]} */
    const items = [];
    this.#members(']', () => {
      const value = this.value(depth + 1);
      if (value !== NOTHING) items.push(value);
    });
    return items;
  }

  /** @param {string} close @param {() => void} readOne */
  #members(close, readOne) {
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
      else if (next !== ',') throw new NotJson();
    }
  }

  #string() {
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

  #literal() {
    const [literal = ''] = /^[^\s,\]}]*/.exec(this.text.slice(this.at, this.at + 400)) ?? [];
    const isLast = this.at + literal.length >= this.text.length;
    if (isLast) {
      if (!/^(?:t|tr|tru|true|f|fa|fal|fals|false|n|nu|nul|null|-?[\d.eE+-]*)$/.test(literal)) throw new NotJson();
      this.ended = true;
      this.at = this.text.length;
      return NOTHING;
    }
    this.at += literal.length;
    return JSON.parse(literal);
  }
}
