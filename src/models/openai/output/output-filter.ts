import { type Delta, moveAnnotations } from '../../../streaming/index.js';
import type { FinishReason } from '../../finish-reason.js';

/** Makes of a provider's deltas those that the rest of the system expects. One filter serves one call. */
export interface OutputFilter {
  /** True once it changes nothing any more, neither deltas nor the finish reason: it is not asked again. */
  readonly isDone: boolean;
  /** How much it has taken out of the beginning of the content, in Unicode code points; absent: nothing. */
  readonly cut?: number;
  /** Takes the next delta and adds what becomes of it to `out`; it may keep it for later. */
  read(delta: Delta, out: Delta[]): void;
  /**
   * The completion is over: adds what was kept.
   * @returns the finish reason for the rest of the system
   */
  end(finishReason: FinishReason, out: Delta[]): FinishReason;
}

/** Filters in a row, each of which sees what the one before it gave. They cost nothing once all are done. */
export class OutputFilters {
  #filters: readonly OutputFilter[];
  /** What those have taken out of the content that are done. */
  #cut = 0;

  constructor(filters: readonly OutputFilter[]) {
    this.#filters = filters;
  }

  /** What becomes of these deltas. Filters may keep them for later. */
  read(batch: readonly Delta[]): readonly Delta[] {
    if (batch.length === 0 || (this.#filters.length === 0 && this.#cut === 0)) return batch;
    let deltas = batch;
    let hasDone = false;
    for (const filter of this.#filters) {
      deltas = passThrough(deltas, filter);
      if (filter.isDone) hasDone = true;
    }
    deltas = this.#placeAnnotations(deltas);
    if (hasDone) {
      this.#cut += sumCut(this.#filters.filter(isDone));
      this.#filters = this.#filters.filter((filter) => !filter.isDone);
    }
    return deltas;
  }

  /**
   * The completion is over.
   * @param last its last deltas, which have not been read yet
   * @param reason the finish reason that the upstream gave
   * @returns what becomes of them, with all that was kept, and the finish reason for the rest of the system
   */
  end(last: readonly Delta[], reason: FinishReason): { deltas: readonly Delta[]; finishReason: FinishReason } {
    const passed = this.read(last);
    let kept: readonly Delta[] = [];
    let finishReason = reason;
    for (const filter of this.#filters) {
      const out = [...passThrough(kept, filter)];
      finishReason = filter.end(finishReason, out);
      kept = out;
    }
    return { deltas: kept.length === 0 ? passed : [...passed, ...kept], finishReason };
  }

  /** Annotations count in the content that is left. */
  #placeAnnotations(deltas: readonly Delta[]): readonly Delta[] {
    if (!deltas.some(({ type }) => type === 'annotations')) return deltas;
    const cut = this.#cut + sumCut(this.#filters);
    return deltas.map((delta) => (delta.type === 'annotations' ? moveAnnotations(delta, -cut) : delta));
  }
}

function isDone(filter: OutputFilter): boolean {
  return filter.isDone;
}

function sumCut(filters: readonly OutputFilter[]): number {
  return filters.reduce((sum, { cut = 0 }) => sum + cut, 0);
}

function passThrough(deltas: readonly Delta[], filter: OutputFilter): readonly Delta[] {
  const out: Delta[] = [];
  for (const delta of deltas) {
    // It may be done in the middle of a batch, and then keeps nothing of the rest.
    if (filter.isDone) out.push(delta);
    else filter.read(delta, out);
  }
  return out;
}
