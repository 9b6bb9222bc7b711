/**
 * Texts that the browser keeps for this page. No method throws if the browser has no room or may not store anything.
 */
class Store {
  /** @param {() => Storage} area called each time, because a browser that keeps nothing throws even there */
  constructor(area) {
    this.area = area;
  }

  /** @param {string} key @returns {string | null} */
  get(key) {
    return this.#try((area) => area.getItem(key), null);
  }

  /** @param {string} key @param {string} text @returns {boolean} false if there is no room for it */
  set(key, text) {
    return this.#try((area) => (area.setItem(key, text), true), false);
  }

  /** @param {string} key */
  remove(key) {
    this.#try((area) => area.removeItem(key), undefined);
  }

  /** @returns {string[]} */
  keys() {
    return this.#try((area) => Object.keys(area), []);
  }

  /** @template T @param {(area: Storage) => T} task @param {T} otherwise @returns {T} */
  #try(task, otherwise) {
    try {
      return task(this.area());
    } catch {
      return otherwise;
    }
  }
}

/** All tabs share it, and the browser keeps it until it is removed. */
export const browserStore = new Store(() => localStorage);
/** It belongs to this tab, and is deleted with it. */
export const tabStore = new Store(() => sessionStorage);
