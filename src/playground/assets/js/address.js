import { findById } from './dom.js';

/**
 * Reads which part of the page the address names, and for one run its id.
 * @returns {{ part: 'chat' | 'compare' | 'runs', runId: string | undefined }}
 */
export function readAddress() {
  const { hash } = location;
  if (hash === '#/compare') return { part: 'compare', runId: undefined };
  if (!hash.startsWith('#/runs')) return { part: 'chat', runId: undefined };
  const [, id] = /^#\/runs\/([^/?]+)/.exec(hash) ?? [];
  return { part: 'runs', runId: id === undefined ? undefined : decodeURIComponent(id) };
}

/**
 * Shows or hides the conversation, and marks the link to the part that is shown.
 * @param {'chat' | 'compare' | 'runs'} part
 */
export function showPart(part) {
  for (const id of ['scroller', 'composer']) findById(id, HTMLElement).hidden = part !== 'chat';
  setCurrent('to-chat', part === 'chat');
  setCurrent('to-runs', part === 'runs');
}

/** @param {string} id of a link @param {boolean} isCurrent */
function setCurrent(id, isCurrent) {
  const link = findById(id, HTMLElement);
  if (isCurrent) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
}
