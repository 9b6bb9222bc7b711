import purify from '../vendor/dompurify.js';
import { el } from './dom.js';

/**
 * Marks the places of elements that the page makes itself. Text cannot forge it: it is a different one each time the
 * page is loaded.
 */
const MARK = [...crypto.getRandomValues(new Uint32Array(4))].map((number) => number.toString(36)).join('');

const sanitizer = purify(window);

/**
 * Links open in a new tab, and only images that are part of the text are shown: an image's address could carry the text
 * away.
 */
sanitizer.addHook('afterSanitizeAttributes', (node) => {
  if (node.hasAttribute('data-slot') && !node.getAttribute('data-slot')?.startsWith(`${MARK}:`))
    node.removeAttribute('data-slot');
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
  ADD_ATTR: ['data-slot'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  // The sanitiser would check these values by its rule for addresses, and drop them.
  ADD_URI_SAFE_ATTR: ['align', 'colspan', 'rowspan', 'start', 'reversed', 'dir', 'lang', 'data-slot'],
  RETURN_DOM_FRAGMENT: true,
};

/** What the colours of code are made of. */
const CODE_RULES = { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true };

/** What KaTeX makes: for the eyes spans and drawings, for screen readers MathML. */
const MATHS_RULES = {
  ALLOWED_TAGS: (
    'span svg path line math semantics annotation mrow mi mo mn mtext ms mspace msup msub msubsup mfrac msqrt mroot mover ' +
    'munder munderover mtable mtr mtd mlabeledtr mstyle mpadded mphantom menclose mmultiscripts'
  ).split(' '),
  ALLOWED_ATTR: (
    'class aria-hidden data-css xmlns viewBox width height preserveAspectRatio d x1 x2 y1 y2 stroke-width encoding display ' +
    'mathvariant mathcolor mathbackground mathsize displaystyle scriptlevel stretchy fence separator lspace rspace minsize ' +
    'maxsize movablelimits accent accentunder linethickness columnalign columnspacing columnlines rowspacing rowlines rowalign ' +
    'notation side voffset depth'
  ).split(' '),
  // It would be checked as an address, too.
  ADD_URI_SAFE_ATTR: ['data-css'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** @param {string} html @param {object} rules @returns {DocumentFragment} */
function clean(html, rules) {
  return /** @type {DocumentFragment} */ (/** @type {unknown} */ (sanitizer.sanitize(html, rules)));
}

/**
 * Writes the place of an element that {@link sanitize} puts into the text.
 * @param {'div' | 'span'} tag @param {number} index of the element
 */
export function writeSlot(tag, index) {
  return `<${tag} data-slot="${MARK}:${index}"></${tag}>`;
}

/**
 * Turns HTML into elements that do nothing but show it: no scripts, no styles, no pictures from elsewhere, no addresses
 * but http, https and mailto.
 * @param {string} html
 * @param {readonly HTMLElement[]} elements what belongs into the slots
 * @returns {DocumentFragment}
 */
export function sanitize(html, elements) {
  const fragment = clean(html, RULES);
  for (const slot of fragment.querySelectorAll('[data-slot]')) {
    slot.replaceWith(elements[Number(slot.getAttribute('data-slot')?.slice(MARK.length + 1))] ?? '');
  }
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

/** @param {string} html as highlight.js writes it */
export function sanitizeCode(html) {
  return clean(html, CODE_RULES);
}

/** @param {string} html as KaTeX writes it */
export function sanitizeMaths(html) {
  // KaTeX escapes quotes in what it was given, so these are its own. The policy of the page allows styles that a script
  // sets.
  const fragment = clean(html.replaceAll(' style="', ' data-css="'), MATHS_RULES);
  for (const styled of fragment.querySelectorAll('[data-css]')) {
    const css = styled.getAttribute('data-css') ?? '';
    styled.removeAttribute('data-css');
    if ('style' in styled) /** @type {HTMLElement} */ (styled).style.cssText = css;
  }
  return fragment;
}
