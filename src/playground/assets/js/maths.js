/** @import Katex from '../vendor/katex.js' */
import { el } from './dom.js';
import { sanitizeMaths } from './sanitize.js';

/** Longest formula that is typeset, in characters: nobody would read a longer one. */
const LONGEST = 4_000;
/** Macros that are defined in a formula can make it grow without end. */
const DEFINES = /\\(?:[gex]?def|let|futurelet|global|(?:re)?newcommand|providecommand|DeclareMathOperator)(?![a-z])/i;
/** How many typeset formulas are kept, because the last paragraph is shown again each time that it grows. */
const KEPT = 200;

/** @type {typeof Katex | undefined} */
let katex;
/** @type {Promise<void> | undefined} */
let loading;
/**
 * By what was written, and whether it stands by itself; undefined if it cannot be shown.
 * @type {Map<string, DocumentFragment | undefined>}
 */
const shown = new Map();

async function load() {
  const sheet = el('link', { rel: 'stylesheet', href: new URL('../vendor/katex.css', import.meta.url).href });
  const isLoaded = new Promise((resolve) => {
    sheet.addEventListener('load', resolve);
    sheet.addEventListener('error', resolve);
  });
  document.head.append(sheet);
  const [module] = await Promise.all([import('../vendor/katex.js'), isLoaded]);
  katex = module.default;
}

/**
 * Makes an element that shows a formula as soon as KaTeX is loaded. Until then, and if it is not a formula, the element
 * shows the source.
 * @param {string} source TeX
 * @param {string} raw the same as it was written, with its marks
 * @param {boolean} isDisplay true: it stands by itself
 */
export function makeMaths(source, raw, isDisplay) {
  const element = el('span', { class: isDisplay ? 'maths display' : 'maths' });
  if (isDisplay) element.tabIndex = 0;
  element.textContent = raw;
  if (katex !== undefined) show(element, source, isDisplay);
  else {
    loading ??= load();
    loading.then(
      () => show(element, source, isDisplay),
      () => (loading = undefined),
    );
  }
  return element;
}

/** Makes an element that shows a formula which is not complete yet. @param {string} raw */
export function makeUnfinishedMaths(raw) {
  return el('span', { class: 'maths unfinished' }, raw);
}

/** @param {HTMLElement} element @param {string} source @param {boolean} isDisplay */
function show(element, source, isDisplay) {
  const key = `${isDisplay}${source}`;
  if (!shown.has(key)) {
    if (shown.size >= KEPT) shown.delete(shown.keys().next().value ?? '');
    shown.set(key, typeset(source, isDisplay));
  }
  const formula = shown.get(key);
  if (formula !== undefined) element.replaceChildren(formula.cloneNode(true));
}

/** @param {string} source @param {boolean} displayMode @returns {DocumentFragment | undefined} */
function typeset(source, displayMode) {
  if (katex === undefined || source.length > LONGEST || DEFINES.test(source)) return undefined;
  try {
    return sanitizeMaths(
      katex.renderToString(source, { displayMode, trust: false, strict: 'ignore', maxSize: 20, maxExpand: 500 }),
    );
  } catch {
    return undefined;
  }
}
