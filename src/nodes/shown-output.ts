import { countCharacters, type Delta, moveAnnotations } from '../streaming/index.js';
import type { ToolCallFilter } from './tools/index.js';

/** Decides which deltas of one model call the client gets, and places them after the earlier text of the agent. */
export class ShownOutput {
  readonly #said: string;
  readonly #separator: string;
  readonly #filter: ToolCallFilter | undefined;
  #isSetOff: boolean;

  /**
   * @param said the text of the agent's earlier model calls
   * @param separator put before the first text
   * @param filter removes calls of the server's own tools; undefined if it has none
   */
  constructor(said: string, separator: string, filter: ToolCallFilter | undefined) {
    this.#said = said;
    this.#separator = separator;
    this.#filter = filter;
    this.#isSetOff = separator === '';
  }

  /** The deltas of a batch that the client gets. */
  take(batch: readonly Delta[]): readonly Delta[] {
    const own = this.#filter === undefined ? batch : this.#filter.take(batch);
    const shown = this.#said === '' ? own : own.map((delta) => this.#place(delta));
    if (this.#isSetOff || !shown.some(({ type }) => type === 'content')) return shown;
    this.#isSetOff = true;
    return [{ type: 'content', text: this.#separator }, ...shown];
  }

  /** Moves annotations: their positions count from the beginning of the agent's whole text. */
  #place(delta: Delta): Delta {
    if (delta.type !== 'annotations') return delta;
    return moveAnnotations(delta, countCharacters(this.#said + this.#separator));
  }
}
