import { el, setText } from './dom.js';

/**
 * Shows a value as a tree that fills. Parts that are there already keep their elements.
 * @param {Element} place its only child is the value's element
 * @param {unknown} value anything that JSON can hold
 */
export function showValue(place, value) {
  const shown = place.firstElementChild;
  if (Array.isArray(value)) showArray(reuseElement(place, shown, 'ol', 'items'), value);
  else if (typeof value === 'object' && value !== null) {
    showObject(reuseElement(place, shown, 'dl', 'members'), /** @type {Record<string, unknown>} */ (value));
  } else {
    const kind = value === null ? 'null' : typeof value;
    setText(
      reuseElement(place, shown, 'span', `value ${kind}`),
      kind === 'string' ? /** @type {string} */ (value) : JSON.stringify(value),
    );
  }
}

/** @param {Element} list @param {readonly unknown[]} items */
function showArray(list, items) {
  items.forEach((item, index) => showValue(list.children[index] ?? list.appendChild(el('li')), item));
  while (list.children.length > items.length) list.lastElementChild?.remove();
}

/** @param {Element} list @param {Readonly<Record<string, unknown>>} members */
function showObject(list, members) {
  const entries = Object.entries(members);
  entries.forEach(([key, value], index) => {
    const row = list.children[index] ?? list.appendChild(el('div', {}, el('dt'), el('dd')));
    const [name, place] = row.children;
    if (name !== undefined) setText(name, key);
    if (place !== undefined) showValue(place, value);
  });
  while (list.children.length > entries.length) list.lastElementChild?.remove();
}

/**
 * @param {Element} place @param {Element | null} shown
 * @param {'ol' | 'dl' | 'span'} tag @param {string} classes
 */
function reuseElement(place, shown, tag, classes) {
  if (shown?.localName === tag) {
    if (shown.className !== classes) shown.className = classes;
    return shown;
  }
  const made = el(tag, { class: classes });
  place.replaceChildren(made);
  return made;
}
