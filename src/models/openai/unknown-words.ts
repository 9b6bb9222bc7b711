/** Most words that are reported; an upstream may make up new ones without end. */
const MOST_WORDS = 32;
const LONGEST_WORD = 64;

/** Reports each unknown word of an upstream's completions once. */
export class UnknownWords {
  readonly #tell: (word: string) => void;
  readonly #told = new Set<string>();

  /** @param tell reports a word of letters, digits and a few signs */
  constructor(tell: (word: string) => void) {
    this.#tell = tell;
  }

  add(word: string): void {
    const clean = word.slice(0, LONGEST_WORD).replaceAll(/[^\w.:-]/g, '?');
    if (this.#told.size === MOST_WORDS || this.#told.has(clean)) return;
    this.#told.add(clean);
    this.#tell(clean);
  }
}
