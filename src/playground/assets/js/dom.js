/**
 * Makes an element. Text becomes text nodes: nothing here reads HTML.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | undefined>>} [attributes] those that are undefined are left out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Makes a button.
 * @param {string} label
 * @param {() => void} onClick
 * @param {Readonly<Record<string, string>>} [attributes]
 */
export function makeButton(label, onClick, attributes = {}) {
  const made = el('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', onClick);
  return made;
}

/**
 * Finds an element of the page.
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} type
 * @returns {E}
 */
export function findById(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`);
  return found;
}

/**
 * Sets an element's text if it differs. Setting the same text again would cost a layout, and would clear the selection.
 * @param {Element} element @param {string} text
 */
export function setText(element, text) {
  const { firstChild: only, lastChild } = element;
  if (only instanceof Text && only === lastChild && text.startsWith(only.data)) {
    if (text.length > only.length) only.appendData(text.slice(only.length));
  } else if (element.textContent !== text) element.textContent = text;
}
