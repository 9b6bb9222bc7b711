import type { ModelResult } from '../models/index.js';
import { type AnswerText, countCharacters, type Delta, moveAnnotations } from '../streaming/index.js';
import type { Attempts } from './attempts.js';
import type { ToolCallFilter } from './tools/index.js';
import type { TracedCall } from './traced-call.js';

/** A model's answer to one call that has come to its end. */
export interface Answered {
  readonly answer: AnswerText;
  readonly result: ModelResult;
}

/** What one answer is asked with. */
export interface AskingParts {
  readonly attempts: Attempts;
  /** Begins a call of the model that the attempts have come to. */
  readonly open: () => TracedCall;
  /** Keeps calls of the server's own tools back; undefined: there are none. */
  readonly filter: () => ToolCallFilter | undefined;
  /** False: nothing is passed on, only the whole answer counts. */
  readonly isHeard: boolean;
  /** What the agent's answers before this one have said. */
  readonly said: string;
  /** Put before the first text. */
  readonly separator: string;
}

/**
 * One answer of the model, after as many attempts as it takes. Once a part of it was passed on there is no other. Pulled
 * like a generator, which costs more for each batch. Whoever does not read it to its end must close it.
 */
export class Asking {
  readonly #parts: AskingParts;
  #call: TracedCall | undefined;
  #filter: ToolCallFilter | undefined;
  #toSetOff = false;
  #isPassedOn = false;

  constructor(parts: AskingParts) {
    this.#parts = parts;
  }

  /**
   * The next batch, or the whole answer.
   * @throws what the last attempt failed with
   */
  next(): Promise<IteratorResult<readonly Delta[], Answered>> {
    // Once something was passed on there is no other attempt, and most batches have something to show.
    if (this.#call === undefined || !this.#isPassedOn) return this.#untilShown();
    return this.#call.next().then(this.#onNext, this.#onFailure);
  }

  /** Made once, like the next: they are used for each batch. */
  readonly #onNext = (
    next: IteratorResult<readonly Delta[], ModelResult>,
  ): IteratorResult<readonly Delta[], Answered> | Promise<IteratorResult<readonly Delta[], Answered>> => {
    const call = this.#call;
    if (call === undefined) throw new Error('The answer was closed while a batch of it was waited for');
    return this.#passedOn(call, next) ?? this.#untilShown();
  };

  readonly #onFailure = async (thrown: unknown): Promise<never> => {
    await this.close();
    throw thrown;
  };

  /** A loop: a silent answer has nothing to show in all of its batches. */
  async #untilShown(): Promise<IteratorResult<readonly Delta[], Answered>> {
    for (;;) {
      const call = (this.#call ??= this.#begin());
      try {
        const passedOn = this.#passedOn(call, await call.next());
        if (passedOn !== undefined) return passedOn;
      } catch (thrown) {
        await this.close();
        if (this.#isPassedOn) throw thrown;
        await this.#parts.attempts.recover(thrown);
      }
    }
  }

  /** What the reader is given, or undefined if there is nothing for it yet. */
  #passedOn(
    call: TracedCall,
    next: IteratorResult<readonly Delta[], ModelResult>,
  ): IteratorResult<readonly Delta[], Answered> | undefined {
    if (next.done === true) return { done: true, value: { answer: call.answer, result: next.value } };
    const batch = this.#shown(next.value);
    if (batch.length === 0) return undefined;
    this.#isPassedOn = true;
    return { done: false, value: batch };
  }

  async close(): Promise<void> {
    const call = this.#call;
    this.#call = undefined;
    await call?.close();
  }

  #begin(): TracedCall {
    const { open, filter, separator } = this.#parts;
    this.#filter = filter();
    this.#toSetOff = separator !== '';
    return open();
  }

  #shown(batch: readonly Delta[]): readonly Delta[] {
    const { isHeard, said, separator } = this.#parts;
    if (!isHeard) return NOTHING;
    const own = this.#filter === undefined ? batch : this.#filter.shown(batch);
    const shown = said === '' ? own : own.map((delta) => this.#placed(delta));
    if (!this.#toSetOff || !shown.some(({ type }) => type === 'content')) return shown;
    this.#toSetOff = false;
    return [{ type: 'content', text: separator }, ...shown];
  }

  /** Annotations count from the beginning of all that the agent says. */
  #placed(delta: Delta): Delta {
    if (delta.type !== 'annotations') return delta;
    const { said, separator } = this.#parts;
    return moveAnnotations(delta, countCharacters(said + separator));
  }
}

const NOTHING: readonly Delta[] = [];
