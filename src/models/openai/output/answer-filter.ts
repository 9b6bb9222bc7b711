import { type Delta, moveAnnotations, PulledGenerator } from '../../../streaming/index.js';
import type { ModelResult } from '../../chat-model.js';
import type { FinishReason } from '../../finish-reason.js';

/** Makes of a provider's deltas those that the rest of the system expects. One filter serves one call. */
export interface AnswerFilter {
  /** True once it changes nothing any more, neither deltas nor the finish reason: it is not asked again. */
  readonly isDone: boolean;
  /** How much it has taken out of the beginning of the content, in Unicode code points; absent: nothing. */
  readonly cut?: number;
  /** Takes the next delta and adds what becomes of it to `out`; it may keep it for later. */
  read(delta: Delta, out: Delta[]): void;
  /**
   * The answer is complete: adds what was kept.
   * @returns the finish reason for the rest of the system
   */
  end(finishReason: FinishReason, out: Delta[]): FinishReason;
}

/** Passes an answer through filters, each of which sees what the one before it gave. It costs nothing once all are done. */
export class FilteredAnswer extends PulledGenerator<readonly Delta[], ModelResult> {
  readonly #answer: AsyncGenerator<readonly Delta[], ModelResult, void>;
  #filters: readonly AnswerFilter[];
  /** What those have taken out of the content that are done. */
  #cut = 0;
  /** The result, while what the filters kept is given. */
  #result: ModelResult | undefined;
  #hasEnded = false;

  constructor(answer: AsyncGenerator<readonly Delta[], ModelResult, void>, filters: readonly AnswerFilter[]) {
    super();
    this.#answer = answer;
    this.#filters = filters;
  }

  override next(): Promise<IteratorResult<readonly Delta[], ModelResult>> {
    if (this.#filters.length === 0 && this.#cut === 0) return this.#answer.next();
    if (this.#result !== undefined) return Promise.resolve({ done: true, value: this.#result });
    return this.#answer.next().then(this.#onNext);
  }

  /** Made once: it is used for each batch, and most of them have something to give. */
  readonly #onNext = (
    next: IteratorResult<readonly Delta[], ModelResult>,
  ): IteratorResult<readonly Delta[], ModelResult> | Promise<IteratorResult<readonly Delta[], ModelResult>> =>
    this.#filtered(next) ?? this.#untilDeltas();

  protected override async close(): Promise<void> {
    if (!this.#hasEnded) await this.#answer.return({ finishReason: 'stop' });
  }

  /** A loop: filters may keep what they are given for long. */
  async #untilDeltas(): Promise<IteratorResult<readonly Delta[], ModelResult>> {
    for (;;) {
      const filtered = this.#filtered(await this.#answer.next());
      if (filtered !== undefined) return filtered;
    }
  }

  /** Undefined: the filters keep all of it. */
  #filtered(
    next: IteratorResult<readonly Delta[], ModelResult>,
  ): IteratorResult<readonly Delta[], ModelResult> | undefined {
    if (next.done === true) return this.#finish(next.value);
    let deltas = next.value;
    let hasDone = false;
    for (const filter of this.#filters) {
      deltas = through(deltas, filter);
      if (filter.isDone) hasDone = true;
    }
    deltas = this.#placed(deltas);
    if (hasDone) {
      this.#cut += sumCut(this.#filters.filter(isDone));
      this.#filters = this.#filters.filter((filter) => !filter.isDone);
    }
    return deltas.length > 0 ? { done: false, value: deltas } : undefined;
  }

  /** Annotations count in the content that is left. */
  #placed(deltas: readonly Delta[]): readonly Delta[] {
    if (!deltas.some(({ type }) => type === 'annotations')) return deltas;
    const cut = this.#cut + sumCut(this.#filters);
    return deltas.map((delta) => (delta.type === 'annotations' ? moveAnnotations(delta, -cut) : delta));
  }

  #finish({ finishReason: reason }: ModelResult): IteratorResult<readonly Delta[], ModelResult> {
    this.#hasEnded = true;
    const { deltas, finishReason } = ended(this.#filters, reason);
    this.#result = { finishReason };
    return deltas.length > 0 ? { done: false, value: deltas } : { done: true, value: this.#result };
  }
}

function isDone(filter: AnswerFilter): boolean {
  return filter.isDone;
}

function sumCut(filters: readonly AnswerFilter[]): number {
  return filters.reduce((sum, { cut = 0 }) => sum + cut, 0);
}

function through(deltas: readonly Delta[], filter: AnswerFilter): readonly Delta[] {
  const out: Delta[] = [];
  for (const delta of deltas) {
    // It may be done in the middle of a batch, and then keeps nothing of the rest.
    if (filter.isDone) out.push(delta);
    else filter.read(delta, out);
  }
  return out;
}

function ended(
  filters: readonly AnswerFilter[],
  reason: FinishReason,
): { deltas: readonly Delta[]; finishReason: FinishReason } {
  let deltas: readonly Delta[] = [];
  let finishReason = reason;
  for (const filter of filters) {
    const out = [...through(deltas, filter)];
    finishReason = filter.end(finishReason, out);
    deltas = out;
  }
  return { deltas, finishReason };
}
