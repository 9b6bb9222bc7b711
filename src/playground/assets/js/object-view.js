/** @import { JsonPart } from './partial-json.js' */
import { el } from './dom.js';

/** The most rows that one frame draws. */
const ROWS = 100;
/** A frame draws this many rows, however long they take. After them it stops when its time is over. */
const FIRST_ROWS = 20;
/** The time that one frame draws, in milliseconds. */
const TIME = 8;
/** How many characters of text count as one row. */
const ROW_TEXT = 80;
/**
 * A long text is laid out in pieces, so that the browser lays out only the last piece again when the text grows. A
 * piece ends with a line, or after the longest length.
 */
const PIECE = 4_000;
const LONGEST_PIECE = 4 * PIECE;

/**
 * Shows a JSON value that grows as a tree. Complete parts are drawn once. If much comes at once, it is drawn over
 * several frames.
 */
export class ObjectView {
  element = el('div', { class: 'tree filling' });
  #root;
  /** The frame that goes on with drawing. @type {number | undefined} */
  #frame;

  /** @param {JsonPart} root an object or array */
  constructor(root) {
    this.#root = new PartView(root);
    this.element.append(this.#root.element);
  }

  /** Draws what has been added to the value. */
  show() {
    if (this.#frame === undefined) this.#goOn();
  }

  #goOn() {
    const budget = new Budget();
    this.#root.draw(budget);
    this.element.classList.toggle('filling', !this.#root.isSettled);
    if (this.#root.isSettled || !budget.isSpent()) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#goOn();
    });
  }
}

/** What one frame may draw. */
class Budget {
  #rows = ROWS;
  #until = performance.now() + TIME;

  isSpent() {
    return this.#rows <= 0 || (this.#rows <= ROWS - FIRST_ROWS && performance.now() > this.#until);
  }

  /** @param {number} rows */
  spend(rows) {
    this.#rows -= rows;
  }

  /** How many characters may be drawn. */
  get text() {
    return Math.max(this.#rows, 1) * ROW_TEXT;
  }
}

/** Shows one value in the tree. */
class PartView {
  /** True once the value is complete and drawn. */
  isSettled = false;
  /** Members, items or characters that have been drawn. */
  #drawn = 0;
  /** The last member or item that is drawn: the only one that may change. @type {PartView | undefined} */
  #last;
  /** The end of a string, which may grow. */
  #end = new Text();

  /** @param {JsonPart} part */
  constructor(part) {
    this.part = part;
    const { kind, text } = part;
    if (kind === 'object') this.element = el('dl', { class: 'members' });
    else if (kind === 'array') this.element = el('ol', { class: 'items' });
    else if (kind === 'string') this.element = el('span', { class: 'value string' }, this.#end);
    else this.element = el('span', { class: `value ${kind}` }, text);
  }

  /** @param {Budget} budget */
  draw(budget) {
    if (this.isSettled) return;
    const { part } = this;
    let isDrawn = true;
    if (part.kind === 'string') isDrawn = this.#drawText(budget);
    else if (part.kind === 'object' || part.kind === 'array') isDrawn = this.#drawItems(budget);
    this.isSettled = isDrawn && part.isComplete;
    // The place where the next text will be.
    if (part.kind === 'string') this.element.classList.toggle('growing', !this.isSettled);
  }

  /** @param {Budget} budget @returns {boolean} true if all that is there is drawn */
  #drawItems(budget) {
    const { kind, items, names } = this.part;
    for (;;) {
      const last = this.#last;
      last?.draw(budget);
      if (last?.isSettled && last.part.items.length > 0) last.element.parentElement?.classList.add('settled');
      if (this.#drawn === items.length) return this.#last?.isSettled ?? true;
      if (this.#last?.isSettled === false || budget.isSpent()) return false;
      const item = /** @type {JsonPart} */ (items[this.#drawn]);
      this.#last = new PartView(item);
      this.element.append(
        kind === 'array'
          ? el('li', {}, this.#last.element)
          : el('div', {}, el('dt', {}, names[this.#drawn] ?? ''), el('dd', {}, this.#last.element)),
      );
      this.#drawn++;
      budget.spend(1);
    }
  }

  /** @param {Budget} budget @returns {boolean} as above */
  #drawText(budget) {
    const { text, isComplete } = this.part;
    // The second half of a surrogate pair may not have come yet.
    const length = text.length - (!isComplete && /[\uD800-\uDBFF]$/.test(text.slice(-1)) ? 1 : 0);
    if (this.#drawn === length) return true;
    if (budget.isSpent()) return false;
    const added = text.slice(this.#drawn, Math.min(length, this.#drawn + budget.text));
    this.#drawn += added.length;
    budget.spend(added.length / ROW_TEXT);
    this.#end.appendData(added);
    while (this.#end.length > PIECE && this.#settlePiece());
    return this.#drawn === length;
  }

  /**
   * Takes a piece from the beginning of the end of a string.
   * @returns {boolean} false if there is no place where it could end
   */
  #settlePiece() {
    const { data } = this.#end;
    const line = data.lastIndexOf('\n', LONGEST_PIECE) + 1;
    const length =
      line > 0 ? line : data.length > LONGEST_PIECE ? data.lastIndexOf(' ', LONGEST_PIECE) + 1 || PIECE : 0;
    if (length === 0) return false;
    this.#end.before(el('span', { class: 'piece' }, data.slice(0, length)));
    this.#end.deleteData(0, length);
    return true;
  }
}
