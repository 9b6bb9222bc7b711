import type { RunEvent } from '../../engine/index.js';

/** A piece of what a run says. */
interface Piece {
  readonly node: string;
  readonly text: string;
}

/** What a run has said as content, without what is void. */
export class SaidOutput {
  readonly #longest: number;
  #pieces: Piece[] | undefined = [];
  #length = 0;

  /** @param longest most characters that are kept */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Undefined if it is longer than is kept. */
  get text(): string | undefined {
    return this.#pieces?.map(({ text }) => text).join('');
  }

  /** Takes the run's next event, from the first one on. */
  add(event: RunEvent): void {
    if (this.#pieces === undefined) return;
    if (event.type === 'node-restarted') {
      this.#pieces = this.#pieces.filter(({ node }) => node !== event.node);
    } else if (event.type === 'delta' && event.delta.type === 'content') {
      const { text } = event.delta;
      this.#length += text.length;
      if (this.#length > this.#longest) this.#pieces = undefined;
      else this.#pieces.push({ node: event.node, text });
    }
  }
}
