import { el } from './dom.js';
import { MarkdownView } from './markdown.js';
import { ObjectView } from './object-view.js';
import { PartialJson } from './partial-json.js';

/** Shows what a step says: an object as a tree that fills, anything else as Markdown. */
export class TextView {
  element = el('div', { class: 'said' });
  #shown = '';
  #isGrowing = true;
  #json = new PartialJson();
  /** @type {MarkdownView | undefined} */
  #markdown;
  /** @type {ObjectView | undefined} */
  #object;

  /** @param {string} text @param {boolean} isGrowing true: more will come */
  show(text, isGrowing) {
    if (text === this.#shown && (isGrowing === this.#isGrowing || text === '')) return;
    if (!text.startsWith(this.#shown)) {
      this.#json = new PartialJson();
      this.#object = undefined;
    }
    this.#shown = text;
    this.#isGrowing = isGrowing;
    if (!this.#json.read(text) || this.#json.root === undefined) {
      this.#object = undefined;
      if (this.#markdown === undefined) this.element.replaceChildren((this.#markdown = new MarkdownView()).element);
      this.#markdown.show(text, isGrowing);
      return;
    }
    this.#markdown = undefined;
    if (this.#object === undefined) {
      this.#object = new ObjectView(this.#json.root);
      this.element.replaceChildren(this.#object.element);
    }
    this.#object.show();
  }
}
