/** Number of pieces after which they are joined. */
const MOST_PIECES = 256;

/**
 * A text that comes in pieces. `text += piece` makes a rope, which takes 32 bytes for each piece for as long as it is not read: of
 * millions of single characters that is hundreds of megabytes. Here a piece costs the same whatever came before it, and the memory is
 * that of the characters.
 */
export class GrowingText {
  /** A rope of long pieces. */
  #whole = '';
  /** Made for the first piece: most texts of a completion stay empty. */
  #pieces: string[] | undefined;

  get isEmpty(): boolean {
    return this.#whole === '' && this.#pieces === undefined;
  }

  /** All that was added. */
  get text(): string {
    if (this.#pieces !== undefined) this.#join(this.#pieces);
    return this.#whole;
  }

  add(piece: string): void {
    if (piece === '') return;
    const pieces = (this.#pieces ??= []);
    if (pieces.push(piece) === MOST_PIECES) this.#join(pieces);
  }

  #join(pieces: readonly string[]): void {
    this.#whole += pieces.join('');
    this.#pieces = undefined;
  }
}
