import purify from '../vendor/dompurify.js';
import { Marked } from '../vendor/marked.js';
import { el, setText } from './dom.js';
import { isTooNested } from './nesting.js';

const parser = new Marked({
  gfm: true,
  breaks: true,
  renderer: { checkbox: ({ checked }) => (checked ? '☑ ' : '☐ ') },
});

const sanitizer = purify(window);

/**
 * Links open in a new tab, and only images that are part of the text are shown: an image's address could carry the text
 * away.
 */
sanitizer.addHook('afterSanitizeAttributes', (node) => {
  if (node.nodeName === 'A') {
    if (!node.hasAttribute('href')) return;
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer');
  } else if (node.nodeName === 'IMG') {
    const source = node.getAttribute('src') ?? '';
    node.removeAttribute('srcset');
    if (/^data:image\/(?:png|gif|jpeg|webp);/i.test(source)) return;
    // Nothing has loaded the picture yet, because the text is still in a document of its own.
    node.removeAttribute('src');
    if (/^https?:/i.test(source)) node.setAttribute('data-address', source);
  }
});

const RULES = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: [
    'style',
    'form',
    'input',
    'button',
    'select',
    'option',
    'textarea',
    'audio',
    'video',
    'source',
    'track',
    'picture',
    'map',
    'area',
    'dialog',
    'label',
    'fieldset',
    'meter',
    'progress',
  ],
  FORBID_ATTR: [
    'style',
    'class',
    'id',
    'name',
    'srcset',
    'background',
    'tabindex',
    'accesskey',
    'autofocus',
    'popover',
    'role',
  ],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  // The sanitiser would check these values by its rule for addresses, and drop them.
  ADD_URI_SAFE_ATTR: ['align', 'colspan', 'rowspan', 'start', 'reversed', 'dir', 'lang'],
  RETURN_DOM_FRAGMENT: true,
};

/**
 * Turns HTML into elements that do nothing but show it: no scripts, no styles, no pictures from elsewhere, no addresses but
 * http, https and mailto.
 * @param {string} html
 * @returns {DocumentFragment}
 */
function sanitize(html) {
  const fragment = /** @type {DocumentFragment} */ (/** @type {unknown} */ (sanitizer.sanitize(html, RULES)));
  for (const image of fragment.querySelectorAll('img:not([src])')) {
    const address = image.getAttribute('data-address');
    const words = `Picture: ${image.getAttribute('alt') || address || 'without a name'}`;
    image.replaceWith(
      address === null ? words : el('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, words),
    );
  }
  // Elements that scroll must be reachable with the keyboard.
  for (const wide of fragment.querySelectorAll('pre, table')) wide.setAttribute('tabindex', '0');
  return fragment;
}

/**
 * Shows a text that grows. What came before stays in place, so that a selection does too: only blocks that changed are made
 * anew, which are the last one or two.
 */
export class MarkdownView {
  element = el('div', { class: 'prose' });
  /** @type {string[]} */
  #blocks = [];
  /** Holds the text as it is, once that cannot be shown as Markdown. @type {HTMLElement | undefined} */
  #plain;

  /** @param {string} text */
  show(text) {
    if (this.#plain === undefined && !isTooNested(text)) {
      try {
        this.#showBlocks(text);
        return;
      } catch {
        // Where the parser fails, the text is shown as it is.
      }
    }
    if (this.#plain === undefined) {
      this.#plain = el('pre', { class: 'plain', tabindex: '0' });
      this.element.replaceChildren(this.#plain);
    }
    setText(this.#plain, text);
  }

  /** @param {string} text @throws {Error} if the parser cannot take it */
  #showBlocks(text) {
    const tokens = parser.lexer(text);
    // HTML may span blocks, and links may be defined further down, so these need the whole text.
    const isOne = tokens.some(({ type }) => type === 'html' || type === 'def');
    const blocks = isOne ? [text] : tokens.filter(({ type }) => type !== 'space').map(({ raw }) => raw);
    const shown = isOne ? [tokens] : tokens.filter(({ type }) => type !== 'space').map((token) => [token]);
    const changed = blocks.findIndex((raw, index) => raw !== this.#blocks[index]);
    const from = changed < 0 ? blocks.length : changed;
    while (this.element.children.length > from) this.element.lastElementChild?.remove();
    for (const block of shown.slice(from))
      this.element.append(el('div', { class: 'block' }, sanitize(parser.parser(block))));
    this.#blocks = blocks;
  }
}
