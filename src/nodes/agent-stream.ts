import type { ModelResult } from '../models/index.js';
import type { Delta } from '../streaming/index.js';
import { AnswerText } from './answer-text.js';

/**
 * A model's answer as it arrives: iterate it once, for batches of deltas. It is pulled: nothing is called before the
 * first batch is asked for, and leaving the loop early ends the call.
 */
export class AgentStream<Output> implements AsyncIterable<readonly Delta[]> {
  readonly #answer = new AnswerText();
  readonly #open: (answer: AnswerText) => AsyncGenerator<readonly Delta[], ModelResult, void>;
  readonly #finish: (answer: AnswerText, result: ModelResult) => Output;
  #result: ModelResult | undefined;

  /**
   * @param open makes the call; it adds every batch to the answer that it is given
   * @param finish makes the output of the whole answer
   */
  constructor(
    open: (answer: AnswerText) => AsyncGenerator<readonly Delta[], ModelResult, void>,
    finish: (answer: AnswerText, result: ModelResult) => Output,
  ) {
    this.#open = open;
    this.#finish = finish;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Delta[], void, void> {
    this.#result = yield* this.#open(this.#answer);
  }

  /**
   * The whole answer, once the iteration has come to its end: the text, or the validated object.
   * @throws IncompleteAnswerError if the model stopped before its structured answer was whole, StructuredOutputError if
   *   that does not fit its class, Error if the stream has not been read to its end
   */
  output(): Output {
    if (this.#result === undefined)
      throw new Error('The output of an agent exists only after its stream has been read');
    return this.#finish(this.#answer, this.#result);
  }
}
