import type { FinishReason } from '../models/index.js';

const NONE: readonly FinishReason[] = [];

/** The finish reasons of the models behind the outputs of one workflow. */
export class FinishReasons {
  #visible = NONE;
  /** By the keys of their steps. Made for the first one. */
  #bySteps: Map<string, readonly FinishReason[]> | undefined;

  /** Finish reasons of the visible steps. */
  get visible(): readonly FinishReason[] {
    return this.#visible;
  }

  /** @param key of a step; undefined: no step */
  find(key: string | undefined): readonly FinishReason[] {
    return (key === undefined ? undefined : this.#bySteps?.get(key)) ?? NONE;
  }

  /** @param key of their step */
  note(key: string, reasons: readonly FinishReason[], isVisible: boolean): void {
    if (reasons.length === 0) return;
    (this.#bySteps ??= new Map()).set(key, reasons);
    if (isVisible) this.#visible = this.#visible.concat(reasons);
  }
}
