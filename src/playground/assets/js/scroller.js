import { findById } from './dom.js';

/** The conversation counts as scrolled to its end within this distance, in pixels. */
const NEAR = 80;

/** Keeps the end of the conversation in view, unless the user has scrolled away from it. */
export class Scroller {
  #element = findById('scroller', HTMLElement);
  #isAtEnd = true;

  constructor() {
    this.#element.addEventListener('scroll', () => (this.#isAtEnd = measureDistanceToEnd(this.#element) < NEAR), {
      passive: true,
    });
  }

  /** Goes to the end with the next {@link follow}. */
  returnToEnd() {
    this.#isAtEnd = true;
  }

  /** Shows the end if it was in view before. */
  follow() {
    if (this.#isAtEnd) this.#element.scrollTop = this.#element.scrollHeight;
  }
}

/** @param {Element} element */
function measureDistanceToEnd({ scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight;
}
