import { html, useState } from '../vendor/preact-htm.js';
import { formatCount } from './numbers.js';

/** Longest text that stands in a line of the tree; longer ones fold. */
const SHORT = 120;
/** How many levels are open at first, unless they have too many rows together. */
const OPEN_LEVELS = 3;
const OPEN_ROWS = 200;
/** How many rows of a branch, and characters of a text, are drawn at once; a button draws more. */
const ROWS = 100;
const CHARACTERS = 20_000;

/**
 * Shows any JSON as a tree whose branches fold. Folded branches, and rows far down a long list, are drawn only when
 * somebody opens them.
 * @param {{ value: unknown }} props
 * @returns {any}
 */
export function Tree({ value }) {
  const open = chooseOpen(value);
  return html`<div class="tree"><${Value} value=${value} open=${open} /></div>`;
}

/**
 * Folds something, which is made only when it is opened.
 * @param {{ class?: string, summary: any, isOpen: boolean, children?: any }} props `isOpen`: at first
 * @returns {any}
 */
export function Fold({ class: name, summary, isOpen: isOpenAtFirst, children }) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const toggle = (/** @type {Event} */ { currentTarget }) =>
    setOpen(/** @type {HTMLDetailsElement} */ (currentTarget).open);
  return html`<details class=${name} open=${isOpen} onToggle=${toggle}>
    <summary>${summary}</summary>
    ${isOpen && children}
  </details>`;
}

/** @param {{ value: unknown, open: ReadonlySet<unknown> }} props */
function Value({ value, open }) {
  if (typeof value === 'string') return html`<${Text} text=${value} />`;
  if (typeof value !== 'object' || value === null) {
    const kind = value === null ? 'null' : typeof value;
    return html`<span class=${`value ${kind}`}>${JSON.stringify(value) ?? 'nothing'}</span>`;
  }
  if (Object.keys(value).length === 0) {
    return html`<span class="value">${Array.isArray(value) ? 'an empty list' : 'an empty object'}</span>`;
  }
  return html`<${Members} value=${value} open=${open} />`;
}

/** @param {{ value: object, open: ReadonlySet<unknown> }} props */
function Members({ value, open }) {
  const [shown, setShown] = useState(ROWS);
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  return html`<dl class="members">
      ${entries.slice(0, shown).map(
        ([name, each]) =>
          html`<div key=${name}>
            <dt>${isList ? Number(name) + 1 : name}</dt>
            <dd>
              ${
                isBranch(each)
                  ? html`<${Fold} summary=${describeBranch(each)} isOpen=${open.has(each)}>
                      <${Value} value=${each} open=${open} />
                    <//>`
                  : html`<${Value} value=${each} open=${open} />`
              }
            </dd>
          </div>`,
      )}
    </dl>
    <${More} what="rows" shown=${shown} all=${entries.length} step=${ROWS} onMore=${setShown} />`;
}

/** @param {{ text: string }} props */
function Text({ text }) {
  const [shown, setShown] = useState(CHARACTERS);
  if (text.length <= SHORT && !text.includes('\n')) return html`<span class="value string">${text}</span>`;
  const name = `Text of ${formatCount(text.length, 'character')}`;
  // It scrolls, so the keyboard must reach it.
  return html`<span class="value string long" tabindex="0" role="group" aria-label=${name}
      >${text.slice(0, shown)}</span
    >
    <${More} what="characters" shown=${shown} all=${text.length} step=${CHARACTERS} onMore=${setShown} />`;
}

/** @param {{ what: string, shown: number, all: number, step: number, onMore: (shown: number) => void }} props */
function More({ what, shown, all, step, onMore }) {
  if (shown >= all) return null;
  const [next, rest] = [Math.min(step, all - shown), all - shown].map((count) => count.toLocaleString('en'));
  return html`<button type="button" class="quiet small" onClick=${() => onMore(shown + step)}>
    Show ${next === rest ? `the last ${rest}` : `${next} of ${rest} more`} ${what}
  </button>`;
}

/**
 * Chooses the branches that are open at first: the outer levels, as long as they have few rows together.
 * @param {unknown} value @returns {ReadonlySet<unknown>}
 */
function chooseOpen(value) {
  const open = new Set();
  let level = [value];
  let rows = 0;
  for (let depth = 0; depth < OPEN_LEVELS; depth++) {
    const inner = [];
    for (const branch of level.filter(isBranch)) {
      const members = Object.values(branch).slice(0, ROWS);
      // The outermost is always open.
      if (depth > 0 && rows + members.length > OPEN_ROWS) continue;
      rows += members.length;
      open.add(branch);
      inner.push(...members);
    }
    level = inner;
  }
  return open;
}

/** @param {unknown} value @returns {value is object} */
function isBranch(value) {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** @param {object} value */
function describeBranch(value) {
  const names = Object.keys(value);
  if (Array.isArray(value)) return value.length === 1 ? '1 item' : `${value.length} items`;
  return names.slice(0, 4).join(', ') + (names.length > 4 ? ' …' : '');
}
