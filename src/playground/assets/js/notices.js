/** @import { Reply } from './types.js' */
import { findById, el } from './dom.js';

const SHOWN_MS = 4_000;

/** Says short things to the user: on the screen, and to screen readers. */
export class Notices {
  #toast = findById('toast', HTMLElement);
  #announcer = findById('announcer', HTMLElement);
  /** @type {number | undefined} */
  #timer;

  /** Shows a message for a short time. @param {string} words */
  say(words) {
    this.#toast.textContent = words;
    this.#toast.hidden = false;
    this.announce(words);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#toast.hidden = true), SHOWN_MS);
  }

  /** Says something to screen readers alone. @param {string} words */
  announce(words) {
    this.#announcer.textContent = words;
  }

  /** Says the reply to screen readers at its end, once and as a whole. @param {Reply} reply */
  announceEnd({ state, content }) {
    const words = {
      done: 'Reply',
      asking: 'Waits for your answer',
      stopped: 'Stopped. Reply so far',
      failed: 'Failed. Reply so far',
    };
    if (state === 'waiting' || state === 'streaming' || (state === 'failed' && content === '')) return;
    this.announce(`${words[state]}: ${content.slice(0, 4_000)}`);
  }

  /** Copies a text, and says so. @param {string} text @param {string} done what to say then */
  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(done);
    } catch {
      this.say(copyByHand(text) ? done : 'The browser did not let the page copy. It does on https and on localhost.');
    }
  }
}

/** Copies in pages that browsers do not trust, such as those of another machine over http. @param {string} text */
function copyByHand(text) {
  const focused = document.activeElement;
  const field = el('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
