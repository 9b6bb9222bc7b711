import { type Delta, moveAnnotations } from '../../../streaming/index.js';
import type { FinishReason } from '../../finish-reason.js';

/** Transforms a provider's deltas into those that the rest of the system expects. One filter serves one call. */
export interface OutputFilter {
  /** True once it will change neither deltas nor the finish reason; then it is not called again. */
  readonly isDone: boolean;
  /** How much it has removed from the beginning of the content, in Unicode code points; absent: nothing. */
  readonly cut?: number;
  /** Takes the next delta and adds the result to `out`; it may keep parts for later. */
  read(delta: Delta, out: Delta[]): void;
  /**
   * Ends the completion: adds the kept parts to `out`.
   * @returns the finish reason for the rest of the system
   */
  end(finishReason: FinishReason, out: Delta[]): FinishReason;
}

/** A chain of filters, each of which sees the output of the one before. They cost nothing once all are done. */
export class OutputFilters {
  #filters: readonly OutputFilter[];
  /** How much the filters that are done have removed from the content. */
  #cut = 0;

  constructor(filters: readonly OutputFilter[]) {
    this.#filters = filters;
  }

  /** Filters deltas, parts of which may be kept for later. */
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
   * Ends the completion.
   * @param last its last deltas, not yet filtered
   * @param reason the finish reason that the upstream gave
   * @returns the last filtered deltas with all kept parts, and the finish reason for the rest of the system
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

  /** Moves annotations to their positions in the remaining content. */
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
    // It may be done in the middle of a batch.
    if (filter.isDone) out.push(delta);
    else filter.read(delta, out);
  }
  return out;
}
