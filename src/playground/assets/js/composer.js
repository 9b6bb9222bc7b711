import { findById } from './dom.js';

/** Where messages are written. */
export class Composer {
  #draft = findById('draft', HTMLTextAreaElement);
  #send = findById('send', HTMLButtonElement);
  #stop = findById('stop', HTMLButtonElement);

  /** @param {{ send: (text: string) => void, stop: () => void }} listener */
  constructor(listener) {
    this.listener = listener;
    findById('composer', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#draft.addEventListener('keydown', (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#draft.addEventListener('input', () => this.#onChange());
    this.#stop.addEventListener('click', () => {
      listener.stop();
      this.focus();
    });
    this.#onChange();
  }

  get text() {
    return this.#draft.value;
  }

  /** @param {string} text */
  set text(text) {
    this.#draft.value = text;
    this.#onChange();
  }

  focus() {
    this.#draft.focus({ preventScroll: true });
  }

  /** @param {boolean} isRunning */
  set running(isRunning) {
    this.#stop.hidden = !isRunning;
    this.#send.hidden = isRunning;
    this.#onChange();
  }

  #submit() {
    const text = this.text;
    if (text.trim() !== '' && this.#stop.hidden) this.listener.send(text);
  }

  #onChange() {
    // Disabled buttons cannot be found with the keyboard; this one says why it does nothing.
    this.#send.setAttribute('aria-disabled', String(this.text.trim() === ''));
    this.#draft.style.height = 'auto';
    this.#draft.style.height = `${Math.min(this.#draft.scrollHeight + 2, 220)}px`;
  }
}
