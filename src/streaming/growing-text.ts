/** After how many pieces they are made one string. */
const MOST_PIECES = 256;

/**
 * A text that comes in pieces. `text += piece` makes a rope, which takes 32 bytes for each piece for as long as it is not read: of
 * millions of single characters that is hundreds of megabytes. Here a piece costs the same whatever came before it, and the memory is
 * that of the characters.
 */
export class GrowingText {
  /** A rope of long pieces. */
  #whole = '';
  #pieces: string[] = [];

  get isEmpty(): boolean {
    return this.#whole === '' && this.#pieces.length === 0;
  }

  /** All that was added. */
  get text(): string {
    if (this.#pieces.length > 0) this.#join();
    return this.#whole;
  }

  add(piece: string): void {
    if (piece !== '' && this.#pieces.push(piece) === MOST_PIECES) this.#join();
  }

  #join(): void {
    this.#whole += this.#pieces.join('');
    this.#pieces = [];
  }
}
