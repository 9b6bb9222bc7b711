import type { Delta } from '../streaming/index.js';
import type { ModelOutput } from './agent-run.js';

/** Starts a model's stream; `finish` makes its result from the whole output. */
type StartStream = <R>(finish: (output: ModelOutput) => Promise<R>) => AsyncGenerator<readonly Delta[], R, void>;

/**
 * A model's output as it arrives: iterate it once to get batches of deltas. The model is called when the first batch is asked
 * for; leaving the loop early ends the call.
 */
export class AgentStream<Output> implements AsyncIterable<readonly Delta[]> {
  readonly #start: StartStream;
  readonly #finish: (output: ModelOutput) => Promise<Output>;
  #ending: { readonly output: Output } | { readonly error: unknown } | undefined;

  /**
   * @param start starts the model's stream
   * @param finish makes the agent's output from the whole output of the model
   */
  constructor(start: StartStream, finish: (output: ModelOutput) => Promise<Output>) {
    this.#start = start;
    this.#finish = finish;
  }

  [Symbol.asyncIterator](): AsyncGenerator<readonly Delta[], void, void> {
    return this.#start((output) => this.#settle(output));
  }

  /** Yields the batches and returns the output. Throws what {@link output} throws. */
  withOutput(): AsyncGenerator<readonly Delta[], Output, void> {
    return this.#start(async (output) => {
      await this.#settle(output);
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
  async #settle(output: ModelOutput): Promise<void> {
    try {
      this.#ending = { output: await this.#finish(output) };
    } catch (error) {
      this.#ending = { error };
    }
  }
}
