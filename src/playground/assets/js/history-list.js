/** @import { History } from './history.js' */
import { makeButton, findById, el } from './dom.js';
import { makeTitle } from './history.js';

/** Lists the conversations that are kept. */
export class HistoryList {
  #list = findById('history', HTMLUListElement);
  #clear = findById('clear-history', HTMLButtonElement);

  /**
   * @param {History} history
   * @param {{ open: (id: string) => void, onRemove: (id: string | undefined) => void }} listener
   */
  constructor(history, listener) {
    this.history = history;
    this.listener = listener;
    this.#clear.addEventListener('click', () => {
      // The first click asks, the second one deletes.
      if (this.#clear.dataset['sure'] === undefined) {
        this.#clear.dataset['sure'] = '';
        this.#clear.textContent = 'Really delete all?';
        return;
      }
      history.clear();
      listener.onRemove(undefined);
    });
    this.#clear.addEventListener('blur', () => this.#resetClear());
  }

  /** @param {string} current id of the conversation that is open */
  show(current) {
    this.#resetClear();
    this.#clear.hidden = this.history.all.length === 0;
    this.#list.replaceChildren(
      ...this.history.all.map((conversation) => {
        const { id } = conversation;
        const title = makeTitle(conversation);
        const isOpen = id === current;
        return el(
          'li',
          {},
          makeButton(title, () => this.listener.open(id), {
            class: 'entry',
            ...(isOpen && { 'aria-current': 'true' }),
          }),
          makeButton('×', () => this.#remove(id), { class: 'quiet icon remove', 'aria-label': `Delete ${title}` }),
        );
      }),
    );
  }

  /** @param {string} id */
  #remove(id) {
    this.history.remove(id);
    this.listener.onRemove(id);
  }

  #resetClear() {
    delete this.#clear.dataset['sure'];
    this.#clear.textContent = 'Delete all';
  }
}
