/** @import { Block } from './markdown-blocks.js' */
import { CodeView, readLanguage } from './code-view.js';
import { el } from './dom.js';
import { BlockReader } from './markdown-blocks.js';
import { render } from './markdown-parser.js';

/** How many characters one frame shows in any case, and the time in milliseconds in which it shows more. */
const AT_ONCE = 8_000;
const TIME = 8;

/** The browser need not lay out invisible blocks that are at least this many blocks before the end. */
const FAR = 30;

/** A block as it is shown. @typedef {{ block: Block, nodes: readonly Element[], code?: CodeView }} Shown */

/**
 * Shows a text that grows. Complete blocks stay in the document, so that a selection in them stays, too. Only blocks
 * whose links are defined further down are made again.
 */
export class MarkdownView {
  element = el('div', { class: 'prose' });
  #reader = new BlockReader();
  /** Blocks that may change; they are the last ones. @type {Shown[]} */
  #live = [];
  /** Complete blocks by the labels in them that may become links. @type {Map<string, Set<Shown>>} */
  #labelled = new Map();
  #text = '';
  #isGrowing = false;
  /** The frame that continues a long text. @type {number | undefined} */
  #frame;

  /** @param {string} text @param {boolean} isGrowing true: more will come */
  show(text, isGrowing) {
    this.#text = text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
    this.#isGrowing = isGrowing;
    if (this.#reader.isOther(this.#text)) {
      this.#reader = new BlockReader();
      this.#live = [];
      this.#labelled.clear();
      this.element.replaceChildren();
    }
    if (this.#frame === undefined) this.#goOn();
  }

  #goOn() {
    const begun = performance.now();
    let shown = 0;
    for (;;) {
      const before = this.#reader.links;
      const { settled, live, hasMore } = this.#reader.read(this.#text, this.#isGrowing);
      this.#update(settled, live, hasMore);
      if (this.#reader.links !== before) this.#showLinks(before);
      if (!hasMore) return;
      shown += settled.reduce((sum, block) => sum + block.shown.length, 0);
      if (shown > AT_ONCE && performance.now() - begun > TIME) break;
    }
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#goOn();
    });
  }

  /**
   * @param {readonly Block[]} settled
   * @param {readonly Block[]} live
   * @param {boolean} hasMore true: `live` is not known yet
   */
  #update(settled, live, hasMore) {
    const blocks = [...settled, ...live];
    const changed = blocks.findIndex((block, index) => !this.#isShown(block, this.#live[index]));
    const kept = changed < 0 ? blocks.length : changed;
    const all = [...this.#live];
    if (changed >= 0 || !hasMore) {
      for (const { nodes } of all.splice(kept)) for (const node of nodes) node.remove();
      for (const block of blocks.slice(kept)) all.push(this.#append(block));
    }
    for (const shown of all.splice(0, settled.length)) {
      this.#remember(shown);
      this.element.children[this.element.children.length - FAR]?.classList.add('far');
    }
    this.#live = all;
  }

  /**
   * True if it is shown as it is, or could be changed in place.
   * @param {Block} block
   * @param {Shown | undefined} shown
   */
  #isShown(block, shown) {
    if (shown === undefined || shown.block.kind !== block.kind) return false;
    const before = shown.block;
    if (block.kind === 'text') {
      const isSame = before.shown === block.shown && before.isGrowing === block.isGrowing;
      return isSame && before.continues === block.continues && before.first === block.first;
    }
    if (before.language !== block.language || !block.shown.startsWith(before.shown)) return false;
    shown.block = block;
    if (shown.code !== undefined) shown.code.show(block.shown);
    else {
      const [text] = shown.nodes[0]?.childNodes ?? [];
      if (text instanceof Text) text.appendData(block.shown.slice(text.length));
    }
    return true;
  }

  /** @param {Block} block @returns {Shown} */
  #append(block) {
    if (block.kind === 'plain') {
      const plain = el('pre', { class: 'block plain', tabindex: '0' });
      plain.append(new Text(block.shown));
      this.element.append(plain);
      return { block, nodes: [plain] };
    }
    if (block.kind === 'code') {
      const code = new CodeView(readLanguage(block.language));
      code.show(block.shown);
      const element = el('div', { class: 'block' }, code.element);
      this.element.append(element);
      return { block, nodes: [element], code };
    }
    const nodes = this.#render(block);
    const host = block.continues === 'table' ? this.element.lastElementChild?.querySelector('tbody') : undefined;
    (host ?? this.element).append(...nodes);
    return { block, nodes };
  }

  /** @param {Block} block @returns {Element[]} */
  #render({ shown, continues, first, isGrowing }) {
    if (shown.trim() === '') return [];
    const fragment = render(shown, this.#reader.links, isGrowing);
    if (continues === 'table') return [...fragment.querySelectorAll('tbody > tr')];
    const list = first === undefined ? undefined : fragment.querySelector('ol');
    if (list) list.start = first ?? 1;
    return [el('div', { class: continues === undefined ? 'block' : 'block continued' }, fragment)];
  }

  /** @param {Shown} shown */
  #remember(shown) {
    const { kind, shown: text } = shown.block;
    if (kind !== 'text' || !text.includes('[')) return;
    for (const [, label = ''] of text.matchAll(/\[([^[\]]{1,200})\]/g)) {
      const key = normalize(label);
      const others = this.#labelled.get(key);
      if (others === undefined) this.#labelled.set(key, new Set([shown]));
      else others.add(shown);
    }
  }

  /** Shows blocks again whose links have been defined since. @param {BlockReader['links']} before */
  #showLinks(before) {
    for (const label of Object.keys(this.#reader.links)) {
      if (Object.hasOwn(before, label)) continue;
      for (const shown of this.#labelled.get(normalize(label)) ?? []) {
        const [first, ...others] = shown.nodes;
        const nodes = this.#render(shown.block);
        first?.replaceWith(...nodes);
        for (const node of others) node.remove();
        shown.nodes = nodes;
      }
    }
  }
}

/** Labels are the same whatever their case and spaces. @param {string} label */
function normalize(label) {
  return label.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
