import type { NodeRestarted, RunEvent } from '../../../engine/index.js';

interface Void extends Pick<NodeRestarted, 'node' | 'from' | 'to'> {
  /** Number of the event that declared it void. */
  readonly shownAt: number;
}

/** The void parts of a log: deltas of steps that were started again after their process had ended. */
export class Voids {
  readonly #voids: Void[] = [];

  /** @param number of the event in its log */
  add({ node, from, to }: NodeRestarted, number: number): void {
    if (!this.isKnown(number)) this.#voids.push({ node, from, to, shownAt: number });
  }

  /** True if the event of this number was added. */
  isKnown(number: number): boolean {
    return this.#voids.some(({ shownAt }) => shownAt === number);
  }

  /**
   * True for an event with void output.
   * @param number of the event in its log
   */
  holds(event: RunEvent, number: number): boolean {
    if (event.type !== 'delta') return false;
    return this.#voids.some(({ node, from, to }) => node === event.node && from <= number && number <= to);
  }

  /** True if a reader at this number has read something void without knowing it. */
  hasMisled(number: number): boolean {
    return this.#voids.some(({ from, shownAt }) => from <= number && number < shownAt);
  }
}
