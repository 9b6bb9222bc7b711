import type { FinishReason } from '../../../protocol/index.js';
import type { Delta } from '../../../streaming/index.js';
import type { ModelResult } from '../../chat-model.js';

/** Makes of a provider's deltas those that the rest of the system expects. One filter serves one call. */
export interface AnswerFilter {
  /** Takes the next delta and adds what becomes of it to `out`; it may keep it for later. */
  read(delta: Delta, out: Delta[]): void;
  /**
   * The answer is complete: adds what was kept.
   * @returns the finish reason for the rest of the system
   */
  end(finishReason: FinishReason, out: Delta[]): FinishReason;
}

/** Passes an answer through filters, each of which sees what the one before it gave. */
export async function* filtered(
  answer: AsyncGenerator<readonly Delta[], ModelResult, void>,
  filters: readonly AnswerFilter[],
): AsyncGenerator<readonly Delta[], ModelResult, void> {
  let done = false;
  try {
    for (;;) {
      const next = await answer.next();
      if (next.done === true) {
        done = true;
        const { deltas, finishReason } = ended(filters, next.value.finishReason);
        if (deltas.length > 0) yield deltas;
        return { finishReason };
      }
      const deltas = filters.reduce(through, next.value);
      if (deltas.length > 0) yield deltas;
    }
  } finally {
    if (!done) await answer.return({ finishReason: 'stop' });
  }
}

function through(deltas: readonly Delta[], filter: AnswerFilter): readonly Delta[] {
  const out: Delta[] = [];
  for (const delta of deltas) filter.read(delta, out);
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
