import { countCharacters, type Delta, moveAnnotations } from '../streaming/index.js';
import type { ToolCallFilter } from './tools/index.js';

/** What of one answer the client is shown, behind what the agent has said before it. */
export class ShownOutput {
  readonly #said: string;
  readonly #separator: string;
  readonly #filter: ToolCallFilter | undefined;
  #isSetOff: boolean;

  /**
   * @param said by the agent's answers before this one
   * @param separator put before the first text
   * @param filter keeps calls of the server's own tools back; undefined: there are none
   */
  constructor(said: string, separator: string, filter: ToolCallFilter | undefined) {
    this.#said = said;
    this.#separator = separator;
    this.#filter = filter;
    this.#isSetOff = separator === '';
  }

  /** What of a batch is shown. */
  take(batch: readonly Delta[]): readonly Delta[] {
    const own = this.#filter === undefined ? batch : this.#filter.take(batch);
    const shown = this.#said === '' ? own : own.map((delta) => this.#place(delta));
    if (this.#isSetOff || !shown.some(({ type }) => type === 'content')) return shown;
    this.#isSetOff = true;
    return [{ type: 'content', text: this.#separator }, ...shown];
  }

  /** Annotations count from the beginning of all that the agent says. */
  #place(delta: Delta): Delta {
    if (delta.type !== 'annotations') return delta;
    return moveAnnotations(delta, countCharacters(this.#said + this.#separator));
  }
}
