import { el } from './dom.js';
import { MarkdownView } from './markdown.js';
import { showValue } from './object-view.js';
import { readPartialJson } from './partial-json.js';

/** Shows what a step says: an object as a tree that fills, anything else as Markdown. */
export class TextView {
  element = el('div', { class: 'said' });
  #shown = '';
  #isGrowing = true;
  /** @type {MarkdownView | undefined} */
  #markdown;
  /** @type {HTMLElement | undefined} */
  #tree;

  /** @param {string} text @param {boolean} isGrowing true: more will come */
  show(text, isGrowing) {
    if (text === this.#shown && (isGrowing === this.#isGrowing || text === '')) return;
    this.#shown = text;
    this.#isGrowing = isGrowing;
    const json = readPartialJson(text);
    if (json === undefined) {
      this.#tree = undefined;
      if (this.#markdown === undefined) this.element.replaceChildren((this.#markdown = new MarkdownView()).element);
      this.#markdown.show(text, isGrowing);
      return;
    }
    this.#markdown = undefined;
    if (this.#tree === undefined) this.element.replaceChildren((this.#tree = el('div', { class: 'tree' })));
    this.#tree.classList.toggle('filling', !json.complete);
    showValue(this.#tree, json.value);
  }
}
