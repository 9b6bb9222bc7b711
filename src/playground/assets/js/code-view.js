/** @import Highlighter from '../vendor/highlight.js' */
import { el, makeButton } from './dom.js';
import { sanitizeCode } from './sanitize.js';

/** Code is coloured in pieces of about this many characters. Only the last piece is coloured again while it grows. */
const PIECE = 4_000;
/** A piece ends where no string or comment is open. If there is no such place, it ends after this many characters. */
const LONGEST_PIECE = 3 * PIECE;

/** @type {typeof Highlighter | undefined} */
let highlighter;
/** @type {Promise<void> | undefined} */
let loading;

async function load() {
  ({ default: highlighter } = await import('../vendor/highlight.js'));
}

/** The language that the line above some code names. @param {string | undefined} info */
export function readLanguage(info) {
  return /^[\w+#.-]{1,40}/.exec(info?.trim() ?? '')?.[0] ?? '';
}

/** Shows code that may grow, in the colours of its language, with a button that copies it. */
export class CodeView {
  /**
   * The text that may still change. Settled pieces stand before it, in blocks, so that only the last one is laid out
   * again.
   */
  #last = el('span', { class: 'piece' });
  #code = el('code', {}, this.#last);
  #text = '';
  /** How many characters of the text are settled. */
  #settled = 0;
  /** The frame that continues the colouring. @type {number | undefined} */
  #frame;

  /** @param {string} language as it was written, possibly empty */
  constructor(language) {
    this.language = language;
    const copy = makeButton('Copy', () => this.#copy(), { class: 'quiet small copy-code', 'aria-label': 'Copy code' });
    this.element = el(
      'div',
      { class: 'code-block' },
      el('div', { class: 'code-head' }, el('span', {}, language), copy),
      el('pre', { tabindex: '0' }, this.#code),
    );
  }

  /** @param {string} text the code so far: never less than before */
  show(text) {
    if (text === this.#text) return;
    this.#text = text;
    if (this.language !== '' && highlighter === undefined) {
      loading ??= load();
      loading.then(
        () => this.#goOn(),
        () => (loading = undefined),
      );
    }
    if (!this.#hasColours()) this.#showPlain();
    else if (text.length - this.#settled <= LONGEST_PIECE) this.#colour();
    else {
      this.#showPlain();
      this.#goOn();
    }
  }

  #hasColours() {
    return highlighter?.getLanguage(this.language) !== undefined;
  }

  /** Adds new text to the text that is not settled. */
  #showPlain() {
    const rest = this.#text.slice(this.#settled);
    const { firstChild: only, lastChild } = this.#last;
    if (only instanceof Text && only === lastChild && rest.startsWith(only.data)) {
      only.appendData(rest.slice(only.length));
    } else this.#last.replaceChildren(rest);
  }

  #colour() {
    const rest = this.#text.slice(this.#settled);
    const isAll = rest.length <= LONGEST_PIECE;
    const piece = isAll ? rest : rest.slice(0, rest.lastIndexOf('\n', LONGEST_PIECE - 1) + 1 || LONGEST_PIECE);
    const colours = sanitizeCode(
      highlighter?.highlight(piece, { language: this.language, ignoreIllegals: true }).value ?? '',
    );
    const end = rest.length > PIECE ? findEnd(colours, isAll ? piece.length - PIECE / 4 : piece.length) : undefined;
    const all = [...colours.childNodes];
    const { length, nodes } = end ?? (isAll ? { length: 0, nodes: 0 } : { length: piece.length, nodes: all.length });
    if (nodes > 0) {
      this.#last.before(el('span', { class: 'piece' }, ...all.slice(0, nodes)));
      this.#settled += length;
    }
    this.#last.replaceChildren(...all.slice(nodes));
    if (isAll) return;
    this.#last.append(rest.slice(piece.length));
    this.#goOn();
  }

  /** Colours the next piece in the next frame, so that no frame takes long. */
  #goOn() {
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      if (this.#hasColours()) this.#colour();
    });
  }

  /** Notifies the page, which copies the code and confirms it. */
  #copy() {
    this.element.dispatchEvent(new CustomEvent('copy-code', { bubbles: true, detail: this.#text }));
  }
}

/**
 * Finds the end of a piece: the last end of a line within text that has no colour, so that nothing is open there.
 * @param {DocumentFragment} colours @param {number} most characters
 * @returns {{ length: number, nodes: number } | undefined} with the number of nodes before it: the text is cut there
 */
function findEnd(colours, most) {
  let length = 0;
  /** @type {{ node: Text, at: number, length: number } | undefined} */
  let found;
  for (const node of colours.childNodes) {
    const text = node.textContent ?? '';
    if (length > most) break;
    if (node instanceof Text) {
      const at = text.lastIndexOf('\n', most - length) + 1;
      if (at > 0) found = { node, at, length: length + at };
    }
    length += text.length;
  }
  if (found === undefined) return undefined;
  if (found.at < found.node.length) found.node.splitText(found.at);
  return { length: found.length, nodes: [...colours.childNodes].indexOf(found.node) + 1 };
}
