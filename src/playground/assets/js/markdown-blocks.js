/** @import { Links, Token, Tokens } from 'marked' */
import { divide } from './markdown-parser.js';
import { isTooNested } from './nesting.js';
import { complete, UNFINISHED_BEGIN, UNFINISHED_END } from './unfinished.js';

/** How many characters of a text are read at once. */
const WINDOW = 16_000;
/**
 * A longer block is cut while it grows, so that the first part of a list, a table or a paragraph is shown only once.
 */
const LONGEST = 6_000;
/** Blocks of HTML that belong together are shown together up to this length. */
const LONGEST_HTML = 16_000;

/** Elements that have no end, or need none. */
const WITHOUT_END =
  /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|p|li|dt|dd|tr|td|th|thead|tbody|tfoot|option|colgroup)$/i;

/**
 * A part of a text that is shown by itself.
 * @typedef {object} Block
 * @property {'text' | 'code' | 'plain'} kind
 * @property {string} shown what is shown of it: code or plain text as it is, other text as Markdown
 * @property {string} language of code
 * @property {boolean} isGrowing
 * @property {'table' | 'text' | undefined} continues what it continues: the table before it, or anything else
 * @property {number | undefined} first number of its first item, if it continues a list
 */

/** A block with its place in the text. @typedef {Block & { raw: string, token: Token }} Found */

/**
 * Divides a text that grows into blocks. Only the last two blocks are read again, because more text may still change
 * them.
 */
export class BlockReader {
  /** What has been read, and shown for good. */
  #done = '';
  /** Code whose end has not come: where it begins, and what ends it. @type {{ begin: number, language: string, indent: number, end:
   * RegExp, scanned: number } | undefined} */
  #code;
  /** How the rest continues. @type {{ table?: string, list?: number, text?: boolean }} */
  #continued = {};
  /** True once the rest is shown as it is. */
  #isPlain = false;
  /** @type {Links} */
  links = {};

  /** True if the text does not begin with what was read before. @param {string} text */
  isOther(text) {
    return !text.startsWith(this.#done);
  }

  /**
   * Reads on.
   * @param {string} text the same as before, or longer
   * @param {boolean} isGrowing true: more will come
   * @returns {{ settled: Block[], live: Block[], hasMore: boolean }} blocks that will not change any more, and those
   * that may; with more to read, the latter are none
   */
  read(text, isGrowing) {
    if (this.#isPlain) return this.#readPlain(text);
    if (this.#code !== undefined) return this.#readCode(text, isGrowing);
    const rest = text.slice(this.#done.length);
    const isPart = rest.length > WINDOW;
    const source = isPart ? rest.slice(0, rest.lastIndexOf('\n', WINDOW - 1) + 1 || WINDOW) : rest;
    const isOpen = isPart || isGrowing;
    const { table: header = '' } = this.#continued;
    let found;
    try {
      if (isTooNested(source)) return this.#readPlain(text);
      found = this.#find(header + source, header.length, isOpen);
    } catch {
      // Where the parser fails, the text is shown as it is.
      return this.#readPlain(text);
    }
    const last = found.at(-1);
    const fence = last === undefined || !isOpen ? undefined : readOpenFence(last);
    if (last !== undefined && fence !== undefined) {
      const settled = this.#settle(found.slice(0, -1), text);
      this.#code = { ...fence, begin: this.#done.length + fence.begin, scanned: this.#done.length + fence.begin };
      const { settled: more, live, hasMore } = this.#readCode(text, isGrowing);
      return { settled: [...settled, ...more], live, hasMore };
    }
    const before = found.slice(0, isPart ? -1 : -2);
    if (last !== undefined && isOpen && last.raw.length > LONGEST && (!isPart || before.length === 0)) {
      const cut = findCut(last, header, isPart);
      if (cut !== undefined) {
        const settled = this.#settle(found.slice(0, -1), text);
        this.#advance(text, this.#done.length + cut.length);
        this.#continued = cut.continued;
        const shown = (settled.length === 0 ? header : '') + last.raw.slice(0, cut.length);
        return { settled: [...settled, { ...last, shown }], live: [], hasMore: true };
      }
    }
    if (isPart) return { settled: this.#settle(before.length === 0 ? found : before, text), live: [], hasMore: true };
    const settled = this.#settle(before, text);
    const live = found.slice(-2);
    const newest = live.at(-1);
    if (isGrowing && newest?.kind === 'text') {
      newest.isGrowing = /\$\$|\\\[/.test(newest.shown);
      const { type } = newest.token;
      if (type !== 'html' && type !== 'displayMaths') newest.shown = complete(newest.shown, type === 'paragraph');
    }
    return { settled, live, hasMore: false };
  }

  /** @param {string} text @returns {{ settled: Block[], live: Block[], hasMore: boolean }} */
  #readPlain(text) {
    this.#isPlain = true;
    const shown = text.slice(this.#done.length);
    return { settled: [], live: [{ ...makeBlock('plain', shown), isGrowing: true }], hasMore: false };
  }

  /**
   * @param {string} text
   * @param {boolean} isGrowing
   * @returns {{ settled: Block[], live: Block[], hasMore: boolean }}
   */
  #readCode(text, isGrowing) {
    if (this.#code === undefined) return { settled: [], live: [], hasMore: false };
    const { begin, end, indent, language } = this.#code;
    end.lastIndex = this.#code.scanned;
    const closing = end.exec(text);
    // While the code grows, a last line without its end may still become the closing fence.
    const isClosed = closing !== null && (!isGrowing || closing.index + closing[0].length < text.length);
    const lastLine = text.lastIndexOf('\n') + 1;
    const isHalf = !isClosed && isGrowing && /^ {0,3}(?:`+|~+)$/.test(text.slice(Math.max(lastLine, begin)));
    const to = closing?.index ?? (isHalf ? lastLine : text.length);
    this.#code.scanned = Math.max(isClosed ? to : lastLine, begin);
    const code = text.slice(begin, Math.max(to, begin)).replace(/\n$/, '');
    const shown = indent === 0 ? code : code.replaceAll(new RegExp(`^ {0,${indent}}`, 'gm'), '');
    /** @type {Block} */
    const block = { ...makeBlock('code', shown), language, isGrowing: !isClosed };
    if (!isClosed) return { settled: [], live: [block], hasMore: false };
    this.#code = undefined;
    this.#advance(text, closing.index + closing[0].length + 1);
    return { settled: [block], live: [], hasMore: true };
  }

  /**
   * Finds the blocks at the beginning of what is not read yet.
   * @param {string} source @param {number} prefix characters of it that were read before @param {boolean} isOpen
   * @returns {Found[]}
   */
  #find(source, prefix, isOpen) {
    const clean = source.replaceAll(UNFINISHED_BEGIN, '�').replaceAll(UNFINISHED_END, '�');
    const { tokens, links } = divide(clean, this.links, isOpen);
    // The last line may be half of an address.
    if (tokens.at(-1)?.type !== 'def' || !isOpen || source.endsWith('\n')) this.links = links;
    /** @type {Found[]} */
    const found = [];
    let depth = 0;
    for (const token of tokens) {
      const last = found.at(-1);
      const { raw } = token;
      if (last !== undefined && depth > 0 && last.raw.length + raw.length <= LONGEST_HTML) {
        last.raw += raw;
        last.shown += raw;
      } else if (last !== undefined && token.type === 'space') {
        last.raw += raw;
        continue;
      } else {
        depth = 0;
        const isCode = token.type === 'code';
        const kind = isCode ? 'code' : 'text';
        const block = makeBlock(kind, isCode ? token.text : token.type === 'space' || token.type === 'def' ? '' : raw);
        // The line that names the language may not be complete.
        const language = isCode && !(isOpen && !raw.includes('\n')) ? (token.lang ?? '') : '';
        found.push({ ...block, language, raw, token });
      }
      if (token.type === 'html') depth = Math.max(depth + countOpenTags(raw), 0);
    }
    for (const block of found) if (block.kind === 'text') block.shown = block.shown.trimEnd();
    const [first] = found;
    if (first !== undefined) this.#continue(first, prefix);
    return found;
  }

  /** @param {Found} first @param {number} prefix */
  #continue(first, prefix) {
    const { list, text } = this.#continued;
    first.raw = first.raw.slice(prefix);
    if (prefix > 0) first.continues = 'table';
    else if (list !== undefined && first.token.type === 'list') {
      first.continues = 'text';
      if (first.token.ordered) first.first = list;
    } else if (text === true) first.continues = 'text';
  }

  /** @param {Found[]} blocks @param {string} text @returns {Block[]} */
  #settle(blocks, text) {
    if (blocks.length === 0) return [];
    this.#advance(text, this.#done.length + blocks.reduce((sum, { raw }) => sum + raw.length, 0));
    return blocks;
  }

  /** @param {string} text @param {number} to */
  #advance(text, to) {
    this.#done = text.slice(0, to);
    this.#continued = {};
  }
}

/**
 * Finds where to cut a long block, and how its rest continues.
 * @param {Found} block @param {string} header of the table that it continues @param {boolean} mustBeCut
 * @returns {{ length: number, continued: { table?: string, list?: number, text?: boolean } } | undefined} undefined if
 * it is better left as it is
 */
function findCut({ raw, token, kind, first }, header, mustBeCut) {
  if (kind === 'code') return undefined;
  if (token.type === 'list' && token.items.length > 2) {
    const items = /** @type {Tokens.ListItem[]} */ (token.items).slice(0, -2);
    const length = items.reduce((sum, item) => sum + item.raw.length, 0);
    return { length, continued: { list: (first ?? (Number(token.start) || 1)) + items.length } };
  }
  if (token.type === 'table') {
    const length = raw.lastIndexOf('\n', raw.lastIndexOf('\n', raw.length - 2) - 1) + 1;
    const lines = `${(header + raw).split('\n', 2).join('\n')}\n`;
    if (length > 0 && header.length + length > lines.length) return { length, continued: { table: lines } };
  }
  if (token.type !== 'paragraph' && !mustBeCut) return undefined;
  const most = Math.max(raw.length - LONGEST / 4, LONGEST / 2);
  const place = raw.lastIndexOf('\n', most) + 1 || raw.lastIndexOf(' ', most) + 1 || Math.floor(most);
  // A cut must not divide a surrogate pair.
  const length = place - (/[\uD800-\uDBFF]/.test(raw[place - 1] ?? '') ? 1 : 0);
  return { length, continued: { text: true } };
}

/** @param {Block['kind']} kind @param {string} shown @returns {Block} */
function makeBlock(kind, shown) {
  return { kind, shown, language: '', isGrowing: false, continues: undefined, first: undefined };
}

/**
 * @param {Found} block
 * @returns {{ begin: number, language: string, indent: number, end: RegExp } | undefined} undefined if it is no code,
 * or its end is there; `begin` from the block's own
 */
function readOpenFence({ kind, raw, language }) {
  const [line, indent = '', marks = ''] = /^( {0,3})(`{3,}|~{3,})[^\n]*\n/.exec(raw) ?? [];
  if (kind !== 'code' || line === undefined) return undefined;
  const end = new RegExp(`^ {0,3}${marks[0]}{${marks.length},}[ \\t]*$`, 'gm');
  end.lastIndex = line.length;
  const closing = end.exec(raw);
  if (closing !== null && closing.index + closing[0].length < raw.length) return undefined;
  return { begin: line.length, language, indent: indent.length, end };
}

/** @param {string} html */
function countOpenTags(html) {
  let open = 0;
  for (const [tag, slash, name = ''] of html.matchAll(/<(\/?)([a-z][\w-]*)[^<>]*>/gi)) {
    if (!WITHOUT_END.test(name) && !tag.endsWith('/>')) open += slash === '' ? 1 : -1;
  }
  return open;
}
