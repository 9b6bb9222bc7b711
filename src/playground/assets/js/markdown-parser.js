/** @import { Links, Token } from 'marked' */
import { Lexer, Marked } from '../vendor/marked.js';
import { CodeView, readLanguage } from './code-view.js';
import { makeMaths, makeUnfinishedMaths } from './maths.js';
import { sanitize, writeSlot } from './sanitize.js';
import { UNFINISHED_BEGIN, UNFINISHED_END } from './unfinished.js';

/** Elements that the page makes itself, of the text that is being parsed. @type {HTMLElement[]} */
let elements = [];
/** True while the end of the text may be the middle of a formula. */
let isOpenEnded = false;
/** A longer formula without an end is plain text. */
const LONGEST_UNFINISHED = 4_000;

/** @param {'div' | 'span'} tag @param {HTMLElement} element */
function place(tag, element) {
  elements.push(element);
  return writeSlot(tag, elements.length - 1);
}

/** A formula that stands by itself, in lines of its own. */
const DISPLAY = /^ {0,3}(?:\$\$([^]{1,4000}?)\$\$|\\\[([^]{1,4000}?)\\\])[ \t]*(?:\n+|$)/;
/**
 * Inline formulas: the marks must touch the text, and no digit or letter may be next to `$`, so that prices are not
 * formulas.
 */
const INLINE =
  /^(?:\$\$((?:\\[^]|[^\\$]){1,4000}?)\$\$|\\\[([^]{1,4000}?)\\\]|\\\(([^]{1,4000}?)\\\)|\$(?![\s$])((?:\\.|[^\\$\n]){0,1000}?[^\s\\$])\$(?![\w$]))/;
/** A number followed by words or numbers, without an operator, is prose: `$5 for me, 10$ for you`. */
const PRICE = /^\d[^\\^_={}+*<>-]*\s/;

const parser = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    code: ({ text, lang }) => {
      const view = new CodeView(readLanguage(lang));
      view.show(text);
      return place('div', view.element);
    },
  },
});

parser.use({
  extensions: [
    {
      name: 'displayMaths',
      level: 'block',
      start: (source) => /\n {0,3}(?:\$\$|\\\[)/.exec(source)?.index,
      tokenizer: (source) => {
        const [raw, dollars, brackets] = DISPLAY.exec(source) ?? [];
        if (raw !== undefined) return { type: 'displayMaths', raw, text: dollars ?? brackets ?? '', isFinished: true };
        if (!isOpenEnded || source.length > LONGEST_UNFINISHED || !/^ {0,3}(?:\$\$|\\\[)/.test(source))
          return undefined;
        // The line has text after the formula, so this is not a display formula.
        if (/^ {0,3}(?:\$\$[^]*\$\$|\\\[[^]*\\\])/.test(source)) return undefined;
        return { type: 'displayMaths', raw: source, text: source.trim(), isFinished: false };
      },
      renderer: ({ text, raw, isFinished }) =>
        place('div', isFinished ? makeMaths(text.trim(), raw.trim(), true) : makeUnfinishedMaths(text)),
    },
    {
      name: 'maths',
      level: 'inline',
      start: (source) => /(?<![\w$\\])\$|\\[([]/.exec(source)?.index,
      tokenizer: (source) => {
        const [raw, dollars, brackets, parentheses, dollar] = INLINE.exec(source) ?? [];
        if (raw === undefined || (dollar !== undefined && PRICE.test(dollar))) return undefined;
        const isDisplay = (dollars ?? brackets) !== undefined;
        return { type: 'maths', raw, text: dollars ?? brackets ?? parentheses ?? dollar ?? '', isDisplay };
      },
      renderer: ({ text, raw, isDisplay }) => place('span', makeMaths(text.trim(), raw, isDisplay)),
    },
    {
      name: 'unfinishedMaths',
      level: 'inline',
      start: (source) => source.indexOf(UNFINISHED_BEGIN),
      tokenizer: (source) => {
        if (!source.startsWith(UNFINISHED_BEGIN)) return undefined;
        const end = source.indexOf(UNFINISHED_END);
        return end < 0
          ? undefined
          : { type: 'unfinishedMaths', raw: source.slice(0, end + 1), text: source.slice(1, end) };
      },
      renderer: ({ text }) => place('span', makeUnfinishedMaths(text)),
    },
  ],
});

/** @param {Links} links @returns {Lexer} */
function makeLexer(links) {
  const lexer = new Lexer(parser.defaults);
  Object.assign(lexer.tokens.links, links);
  return lexer;
}

/**
 * Divides Markdown into its outermost blocks, without looking into them.
 * @param {string} text @param {Links} links those that are defined before it, by their labels
 * @param {boolean} isGrowing true: more text will come after it
 * @returns {{ tokens: Token[], links: Links }} with all links that are defined in it and before it
 */
export function divide(text, links, isGrowing) {
  isOpenEnded = isGrowing;
  const lexer = makeLexer(links);
  const tokens = lexer.blockTokens(text, lexer.tokens);
  return { tokens, links: lexer.tokens.links };
}

/**
 * Shows Markdown.
 * @param {string} text
 * @param {Links} links
 * @param {boolean} isGrowing as above
 * @returns {DocumentFragment}
 */
export function render(text, links, isGrowing) {
  isOpenEnded = isGrowing;
  elements = [];
  return sanitize(parser.parser(makeLexer(links).lex(text)), elements);
}
