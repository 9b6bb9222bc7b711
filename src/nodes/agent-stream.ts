import type { Delta } from '../streaming/index.js';
import type { AgentReply } from './agent-reply.js';

/**
 * A model's answer as it arrives: iterate it once, for batches of deltas. It is pulled: nothing is called before the
 * first batch is asked for, and leaving the loop early ends the call.
 */
export class AgentStream<Output> implements AsyncIterable<readonly Delta[]> {
  readonly #open: () => AsyncGenerator<readonly Delta[], AgentReply, void>;
  readonly #finish: (reply: AgentReply) => Output;
  #reply: AgentReply | undefined;

  /**
   * @param open makes the calls
   * @param finish makes the output of the whole answer
   */
  constructor(open: () => AsyncGenerator<readonly Delta[], AgentReply, void>, finish: (reply: AgentReply) => Output) {
    this.#open = open;
    this.#finish = finish;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Delta[], void, void> {
    this.#reply = yield* this.#open();
  }

  /**
   * The whole answer, once the iteration has come to its end: the text, or the validated object.
   * @throws IncompleteAnswerError if the model stopped before its structured answer was whole, StructuredOutputError if
   *   that does not fit its class, Error if the stream has not been read to its end
   */
  output(): Output {
    if (this.#reply === undefined) throw new Error('The output of an agent exists only after its stream has been read');
    return this.#finish(this.#reply);
  }
}
