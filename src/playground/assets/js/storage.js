/** Texts that the browser keeps for this page. It may have no room, or be set to keep nothing: nothing here throws. */
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

/** Shared by all tabs, and there until it is removed. */
export const browserStore = new Store(() => localStorage);
/** This tab's own, and gone with it. */
export const tabStore = new Store(() => sessionStorage);
