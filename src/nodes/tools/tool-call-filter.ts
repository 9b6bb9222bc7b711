import type { Delta, ToolCallDelta } from '../../streaming/index.js';

/**
 * Removes the calls of the server's own tools from one output, piece by piece, and numbers the remaining calls from 0, as
 * clients expect.
 */
export class ToolCallFilter {
  readonly #isOwn: (tool: string | undefined) => boolean;
  /** The client's index for each call of the model; undefined for calls that the client does not get. */
  readonly #places = new Map<number, number | undefined>();
  #shownCalls = 0;

  /** @param isOwn whether the server runs the calls of the tool with this name */
  constructor(isOwn: (tool: string | undefined) => boolean) {
    this.#isOwn = isOwn;
  }

  /** The deltas of a batch that the client may get. */
  take(batch: readonly Delta[]): readonly Delta[] {
    if (!batch.some(isToolCall)) return batch;
    return batch.flatMap((delta) => {
      if (!isToolCall(delta)) return delta;
      const index = this.#findPlace(delta);
      return index === undefined ? [] : { ...delta, index };
    });
  }

  #findPlace({ index, name }: ToolCallDelta): number | undefined {
    if (!this.#places.has(index)) this.#places.set(index, this.#isOwn(name) ? undefined : this.#shownCalls++);
    return this.#places.get(index);
  }
}

function isToolCall(delta: Delta): delta is ToolCallDelta {
  return delta.type === 'tool-call';
}
