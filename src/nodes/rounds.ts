import { type Delta, PulledGenerator } from '../streaming/index.js';
import type { AgentReply } from './agent-reply.js';
import type { Answered, Asking } from './asking.js';

/** What the rounds of one answer consist of. */
export interface RoundsParts<R> {
  /** Done before the first round. */
  readonly begin: () => Promise<void>;
  /** One answer of the model. */
  readonly ask: () => Asking;
  /** The reply, if the answer is the last one; else everything is done for another round. */
  readonly settle: (answered: Answered) => Promise<AgentReply | undefined>;
  /** Makes the result of the reply. */
  readonly finish: (reply: AgentReply) => R;
}

/** Calls of the model, and of the tools that it asks for, until it answers: the batches of all rounds. */
export class Rounds<R> extends PulledGenerator<readonly Delta[], R> {
  readonly #parts: RoundsParts<R>;
  #asking: Asking | undefined;

  constructor(parts: RoundsParts<R>) {
    super();
    this.#parts = parts;
  }

  override next(): Promise<IteratorResult<readonly Delta[], R>> {
    return this.#asking === undefined ? this.#first() : this.#asking.next().then(this.#onNext, this.#onFailure);
  }

  protected override async close(): Promise<void> {
    const asking = this.#asking;
    this.#asking = undefined;
    await asking?.close();
  }

  /** Made once, like the next: they are used for each batch. */
  readonly #onNext = (
    next: IteratorResult<readonly Delta[], Answered>,
  ): IteratorResult<readonly Delta[], R> | Promise<IteratorResult<readonly Delta[], R>> =>
    next.done === true ? this.#ended(next.value) : next;

  readonly #onFailure = async (thrown: unknown): Promise<never> => {
    await this.close();
    throw thrown;
  };

  async #first(): Promise<IteratorResult<readonly Delta[], R>> {
    await this.#parts.begin();
    return this.#round();
  }

  async #round(): Promise<IteratorResult<readonly Delta[], R>> {
    this.#asking = this.#parts.ask();
    return this.#asking.next().then(this.#onNext, this.#onFailure);
  }

  async #ended(answered: Answered): Promise<IteratorResult<readonly Delta[], R>> {
    await this.close();
    const reply = await this.#parts.settle(answered);
    return reply === undefined ? this.#round() : { done: true, value: this.#parts.finish(reply) };
  }
}
