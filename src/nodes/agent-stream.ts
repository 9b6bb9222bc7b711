import type { Delta } from '../streaming/index.js';
import type { ModelOutput } from './agent-run.js';

/** Opens a model's stream; `finish` makes its result from the whole output. */
type OpenStream = <R>(finish: (reply: ModelOutput) => Promise<R>) => AsyncGenerator<readonly Delta[], R, void>;

/**
 * A model's output as it arrives: iterate it once to get batches of deltas. The model is called when the first batch is asked
 * for; leaving the loop early ends the call.
 */
export class AgentStream<Output> implements AsyncIterable<readonly Delta[]> {
  readonly #open: OpenStream;
  readonly #finish: (reply: ModelOutput) => Promise<Output>;
  #ending: { readonly output: Output } | { readonly error: unknown } | undefined;

  /**
   * @param open opens the model's stream
   * @param finish makes the agent's output from the whole output of the model
   */
  constructor(open: OpenStream, finish: (reply: ModelOutput) => Promise<Output>) {
    this.#open = open;
    this.#finish = finish;
  }

  [Symbol.asyncIterator](): AsyncGenerator<readonly Delta[], void, void> {
    return this.#open((reply) => this.#settle(reply));
  }

  /** Yields the batches and returns the output. Throws what {@link output} throws. */
  withOutput(): AsyncGenerator<readonly Delta[], Output, void> {
    return this.#open(async (reply) => {
      await this.#settle(reply);
      return this.output();
    });
  }

  /**
   * The whole output, once the iteration has ended: the text, or the validated object.
   * @throws IncompleteOutputError if the model stopped before its structured output was whole, StructuredOutputError if it
   *   does not fit its class, Error if the stream has not been read to its end
   */
  output(): Output {
    const ending = this.#ending;
    if (ending === undefined) {
      throw new Error(
        'The output of an agent exists only after its stream has been read to the end. Iterate the stream first.',
      );
    }
    if ('error' in ending) throw ending.error;
    return ending.output;
  }

  /** Keeps a failure until the output is read. */
  async #settle(reply: ModelOutput): Promise<void> {
    try {
      this.#ending = { output: await this.#finish(reply) };
    } catch (error) {
      this.#ending = { error };
    }
  }
}
