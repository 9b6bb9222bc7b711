import { html } from '../vendor/preact-htm.js';

/** Longest text that stands in a line of the tree; longer ones fold. */
const SHORT = 120;
/** How many levels are open at first. */
const OPEN_LEVELS = 2;

/**
 * Shows any JSON as a tree whose branches fold.
 * @param {{ value: unknown }} props
 * @returns {any}
 */
export function Tree({ value }) {
  return html`<div class="tree"><${Value} value=${value} level=${0} /></div>`;
}

/** @param {{ value: unknown, level: number }} props */
function Value({ value, level }) {
  if (typeof value === 'string') return html`<${Text} text=${value} />`;
  if (typeof value !== 'object' || value === null) {
    const kind = value === null ? 'null' : typeof value;
    return html`<span class=${`value ${kind}`}>${JSON.stringify(value) ?? 'nothing'}</span>`;
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return html`<span class="value">${isList ? 'an empty list' : 'an empty object'}</span>`;
  return html`<dl class="members">
    ${entries.map(
      ([name, each]) =>
        html`<div key=${name}>
          <dt>${isList ? Number(name) + 1 : name}</dt>
          <dd>
            ${isBranch(each) ? html`<${Branch} value=${each} level=${level} />` : html`<${Value} value=${each} level=${level} />`}
          </dd>
        </div>`,
    )}
  </dl>`;
}

/** @param {{ value: object, level: number }} props */
function Branch({ value, level }) {
  return html`<details open=${level < OPEN_LEVELS}>
    <summary>${describeBranch(value)}</summary>
    <${Value} value=${value} level=${level + 1} />
  </details>`;
}

/** @param {{ text: string }} props */
function Text({ text }) {
  if (text.length <= SHORT && !text.includes('\n')) return html`<span class="value string">${text}</span>`;
  return html`<span class="value string long">${text}</span>`;
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
