import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../../kernel/index.js';

/** Finds the end of a JSON object or array in text that comes in pieces. Reads each character once and keeps no text. */
export class JsonEndFinder {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #isWhole = false;

  /** True once all opened brackets are closed. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * Takes the next piece.
   * @returns the index after the last bracket; undefined if it is not in this piece
   */
  push(text: string): number | undefined {
    if (this.#isWhole) return undefined;
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (char === BACKSLASH) this.#escaped = true;
        else if (char === QUOTE) this.#inString = false;
      } else if (char === QUOTE) this.#inString = true;
      else if (char === OPEN_BRACE || char === OPEN_BRACKET) this.#depth++;
      else if ((char === CLOSE_BRACE || char === CLOSE_BRACKET) && --this.#depth === 0) {
        this.#isWhole = true;
        return i + 1;
      }
    }
    return undefined;
  }
}
