/** @import { Api } from './api.js' */
import { findById } from './dom.js';
import { tabStore } from './storage.js';

const KEPT_KEY = 'millrace-key';

/** The API key. It is kept until the tab is closed. */
export class KeyField {
  #field = findById('key', HTMLInputElement);

  /** @param {Api} api which sends the key @param {() => void} onChange also called if the key was entered again */
  constructor(api, onChange) {
    this.api = api;
    this.#field.value = tabStore.get(KEPT_KEY) ?? '';
    this.#use();
    this.#field.addEventListener('change', () => {
      this.#use();
      onChange();
    });
  }

  /** Lets the user enter a key. The settings must be open. */
  ask() {
    findById('key-group', HTMLDetailsElement).open = true;
    this.#field.focus();
  }

  #use() {
    const key = this.#field.value.trim();
    this.api.key = key;
    findById('key-set', HTMLElement).hidden = key === '';
    if (key === '') tabStore.remove(KEPT_KEY);
    else tabStore.set(KEPT_KEY, key);
  }
}
