import type { Delta } from '../streaming/index.js';
import type { AgentReply } from './agent-reply.js';

/** What a generator that is closed early is given to return; nobody reads it. */
const NO_REPLY: AgentReply = { content: '', refusal: '', finishReason: 'stop' };

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

  [Symbol.asyncIterator](): AsyncGenerator<readonly Delta[], void, void> {
    return this.#passedOn(() => undefined);
  }

  /** The batches, and at their end the output: see {@link output} for what that throws. */
  withOutput(): AsyncGenerator<readonly Delta[], Output, void> {
    return this.#passedOn(() => this.output());
  }

  /** By hand: a generator that delegates to another costs more for each batch than all that it does. */
  #passedOn<R>(result: () => R): AsyncGenerator<readonly Delta[], R, void> {
    const answer = this.#open();
    const passOn = (next: IteratorResult<readonly Delta[], AgentReply>): IteratorResult<readonly Delta[], R> => {
      if (next.done !== true) return next;
      this.#reply = next.value;
      return { done: true, value: result() };
    };
    return {
      next: () => answer.next().then(passOn),
      return: async (value) => {
        await answer.return(NO_REPLY);
        return { done: true, value: await value };
      },
      throw: async (error) => {
        await answer.return(NO_REPLY);
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.asyncDispose]: async () => {
        await answer.return(NO_REPLY);
      },
    };
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
