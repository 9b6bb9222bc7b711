/** Thrown if the text cannot be the beginning of JSON. */
class NotJsonError extends Error {}
const DEEPEST = 200;
const SPACE = /[^ \t\n\r]|$/g;
const LITERAL_END = /[\s,\]}]/g;
const STRING_END = /["\\]/g;
const BEGUN_LITERAL = /^(?:t|tr|tru|true|f|fa|fal|fals|false|n|nu|nul|null|-?[\d.eE+-]*)$/;

/**
 * A JSON value as far as it has arrived.
 * @typedef {object} JsonPart
 * @property {'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'} kind
 * @property {string[]} names of the members of an object, in their order
 * @property {JsonPart[]} items members of an object or items of an array
 * @property {string} text of a string: its characters; of another simple value: as it was written
 * @property {boolean} isComplete
 */

/** @param {JsonPart['kind']} kind @param {string} text @returns {JsonPart} */
function makePart(kind, text = '') {
  return { kind, names: [], items: [], text, isComplete: false };
}

/**
 * Reads a JSON object or array that grows. It reads what is there: a string that has begun, the members so far. It
 * leaves out what is not certain yet: half a number, half a name. Only a name, a number or an escape that has come in
 * part is read twice.
 */
export class PartialJson {
  /** The outermost value; undefined until it begins. @type {JsonPart | undefined} */
  root;
  #text = '';
  #at = 0;
  /** Values that have begun, outermost first. @type {JsonPart[]} */
  #open = [];
  /** What comes next in the innermost of them. @type {'value' | 'first' | 'next' | 'string'} */
  #expected = 'value';
  #isNone = false;

  /**
   * Reads on.
   * @param {string} text the same as before, or longer
   * @returns {boolean} false if it is anything else than the beginning of an object or array, which it stays
   */
  read(text) {
    if (this.#isNone) return false;
    this.#text = text;
    try {
      if (this.root === undefined) {
        this.#skipSpace();
        const first = text[this.#at];
        if (first === undefined) return false;
        if (first !== '{' && first !== '[') throw new NotJsonError();
        this.root = this.#readValue(() => undefined);
      }
      while (this.#open.length > 0 && this.#readOn());
      if (this.#open.length === 0) {
        this.#skipSpace();
        if (this.#at < text.length) throw new NotJsonError();
      }
      return true;
    } catch (error) {
      if (!(error instanceof NotJsonError || error instanceof SyntaxError)) throw error;
      this.#isNone = true;
      return false;
    }
  }

  /** Reads the next part of the innermost open value. @returns {boolean} false if that has not arrived */
  #readOn() {
    const part = /** @type {JsonPart} */ (this.#open.at(-1));
    if (this.#expected === 'string') return this.#readString(part);
    this.#skipSpace();
    const next = this.#text[this.#at];
    if (next === undefined) return false;
    const isObject = part.kind === 'object';
    if (next === (isObject ? '}' : ']') && this.#expected !== 'value') {
      this.#at++;
      this.#close();
      return true;
    }
    if (this.#expected === 'next') {
      if (next !== ',') throw new NotJsonError();
      this.#at++;
      this.#expected = 'value';
      return true;
    }
    if (!isObject) return this.#readValue((item) => part.items.push(item)) !== undefined;
    if (next !== '"') throw new NotJsonError();
    const [from, expected] = [this.#at, this.#expected];
    const name = this.#readName();
    this.#skipSpace();
    const colon = this.#text[this.#at];
    if (name !== undefined && colon === ':') {
      this.#at++;
      this.#skipSpace();
      const add = (/** @type {JsonPart} */ value) => {
        part.names.push(name);
        part.items.push(value);
      };
      if (this.#readValue(add) !== undefined) return true;
    } else if (name !== undefined && colon !== undefined) throw new NotJsonError();
    // The member is read again when more of it has come.
    this.#at = from;
    this.#expected = expected;
    return false;
  }

  /** @param {(part: JsonPart) => void} add @returns {JsonPart | undefined} undefined if there is nothing of it yet */
  #readValue(add) {
    const first = this.#text[this.#at];
    if (first === undefined) return undefined;
    if (first !== '{' && first !== '[' && first !== '"') return this.#readLiteral(add);
    if (this.#open.length > DEEPEST) throw new NotJsonError();
    const part = makePart(first === '{' ? 'object' : first === '[' ? 'array' : 'string');
    this.#at++;
    add(part);
    this.#open.push(part);
    this.#expected = first === '"' ? 'string' : 'first';
    return part;
  }

  #close() {
    const part = this.#open.pop();
    if (part !== undefined) part.isComplete = true;
    this.#expected = 'next';
  }

  /** @param {JsonPart} part @returns {boolean} false if its end has not arrived */
  #readString(part) {
    const text = this.#text;
    for (;;) {
      STRING_END.lastIndex = this.#at;
      const to = STRING_END.exec(text)?.index ?? text.length;
      if (to > this.#at) part.text += decode(text.slice(this.#at, to));
      this.#at = to;
      if (to === text.length) return false;
      if (text[to] === '"') {
        this.#at++;
        this.#close();
        return true;
      }
      const length = text[to + 1] === 'u' ? 6 : 2;
      if (to + length > text.length) {
        // What has come of it must be the beginning of one.
        if (!/^\\(?:u[\dA-Fa-f]{0,3})?$/.test(text.slice(to))) throw new NotJsonError();
        return false;
      }
      part.text += decode(text.slice(to, to + length));
      this.#at += length;
    }
  }

  /** @returns {string | undefined} undefined if its end has not arrived */
  #readName() {
    const part = makePart('string');
    this.#at++;
    this.#open.push(part);
    const isWhole = this.#readString(part);
    if (isWhole) return part.text;
    this.#open.pop();
    return undefined;
  }

  /** @param {(part: JsonPart) => void} add @returns {JsonPart | undefined} */
  #readLiteral(add) {
    LITERAL_END.lastIndex = this.#at;
    const to = LITERAL_END.exec(this.#text)?.index;
    const literal = this.#text.slice(this.#at, to ?? this.#at + 400);
    if (to === undefined || to === this.#at) {
      if (!BEGUN_LITERAL.test(literal) || to === this.#at) throw new NotJsonError();
      return undefined;
    }
    const value = JSON.parse(literal);
    const part = makePart(value === null ? 'null' : typeof value === 'number' ? 'number' : 'boolean', literal);
    part.isComplete = true;
    this.#at = to;
    this.#expected = 'next';
    add(part);
    return part;
  }

  #skipSpace() {
    SPACE.lastIndex = this.#at;
    this.#at = SPACE.exec(this.#text)?.index ?? this.#text.length;
  }
}

/** @param {string} raw characters between the quotes of a string @returns {string} */
function decode(raw) {
  return JSON.parse(`"${raw}"`);
}
