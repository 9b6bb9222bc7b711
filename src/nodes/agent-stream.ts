import type { Delta } from '../streaming/index.js';
import type { ModelOutput } from './agent-run.js';

/** Opens an answer, whose result `finish` makes of the whole reply. */
export type OpenStream = <R>(
  finish: (reply: ModelOutput) => R | Promise<R>,
) => AsyncGenerator<readonly Delta[], R, void>;

/**
 * A model's answer as it arrives: iterate it once, for batches of deltas. It is pulled: nothing is called before the
 * first batch is asked for, and leaving the loop early ends the call.
 */
export class AgentStream<Output> implements AsyncIterable<readonly Delta[]> {
  readonly #open: OpenStream;
  readonly #finish: (reply: ModelOutput) => Output | Promise<Output>;
  #readOutput: (() => Output) | undefined;

  /**
   * @param open makes the calls
   * @param finish makes the output of the whole answer
   */
  constructor(open: OpenStream, finish: (reply: ModelOutput) => Output | Promise<Output>) {
    this.#open = open;
    this.#finish = finish;
  }

  [Symbol.asyncIterator](): AsyncGenerator<readonly Delta[], void, void> {
    return this.#open((reply) => this.#settle(reply));
  }

  /** The batches, and at their end the output: see {@link output} for what that throws. */
  withOutput(): AsyncGenerator<readonly Delta[], Output, void> {
    return this.#open(async (reply) => {
      await this.#settle(reply);
      return this.output();
    });
  }

  /**
   * The whole answer, once the iteration has come to its end: the text, or the validated object.
   * @throws IncompleteOutputError if the model stopped before its structured answer was whole, StructuredOutputError if that
   *   does not fit its class, Error if the stream has not been read to its end
   */
  output(): Output {
    if (this.#readOutput === undefined) {
      throw new Error('The output of an agent exists only after its stream has been read');
    }
    return this.#readOutput();
  }

  /** Only who asks for the output is told what is wrong with it. */
  async #settle(reply: ModelOutput): Promise<void> {
    try {
      const output = await this.#finish(reply);
      this.#readOutput = () => output;
    } catch (error) {
      this.#readOutput = () => {
        throw error;
      };
    }
  }
}
