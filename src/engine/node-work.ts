import { rejectOnAbort, type Place, settleInTime, settleOrAbort } from '../kernel/index.js';
import { type Delta, isDelta } from '../streaming/index.js';
import type { Deltas, NodeStep, TaskContext } from '../workflow/index.js';
import { makeDeltaError } from './delta-error.js';
import type { SharedRun } from './shared-run.js';
import type { Speaker, SpeakingOrder } from './speaking-order.js';

/** How long a node that was aborted may take to close what it opened, in milliseconds. */
const ABORT_GRACE_MS = 1_000;

/** A node at work: its code, which the run waits for, and what it yields. */
export class NodeWork {
  readonly #run: SharedRun;
  readonly #step: NodeStep;
  readonly #turn: SpeakingOrder | undefined;
  readonly #speaker: Speaker;
  readonly #workflow: string;
  #place: Place;

  /**
   * @param turn where it speaks; undefined for a step that is silent
   * @param place its place among the nodes at work
   * @param node its key, behind those of the steps around it
   * @param workflow id of the one that it is a step of
   */
  constructor(
    run: SharedRun,
    step: NodeStep,
    turn: SpeakingOrder | undefined,
    place: Place,
    node: string,
    workflow: string,
  ) {
    this.#run = run;
    this.#step = step;
    this.#turn = turn;
    this.#place = place;
    this.#speaker = { node, debounceMs: step.instance.debounceMs };
    this.#workflow = workflow;
  }

  /** @returns the node's output */
  do(input: unknown, context: TaskContext): Promise<unknown> {
    const { cancellation, clock } = this.#run;
    return settleOrAbort(this.#process(input, context), cancellation, clock, ABORT_GRACE_MS);
  }

  /** Gives its place back. */
  release(): void {
    this.#place.release();
  }

  async #process(input: unknown, context: TaskContext): Promise<unknown> {
    const { instance, streams } = this.#step;
    const result = instance.process(input, context);
    if (!isGenerator(result)) return result;
    if (streams) return this.#pull(result);
    throw new Error(
      `The step "${this.#speaker.node}" of the workflow "${this.#workflow}" gives a generator, but its process is not ` +
        'written as one: write `async *process`, or add `readonly streams = true` to its class',
    );
  }

  /** Takes what the node yields, no faster than the reader of the run can follow. */
  async #pull(generator: AsyncGenerator<Deltas, unknown, void>): Promise<unknown> {
    const { cancellation, clock, gate } = this.#run;
    const turn = this.#turn;
    let done = false;
    try {
      for (;;) {
        const next = await generator.next();
        if (next.done === true) {
          done = true;
          return next.value;
        }
        if (cancellation.aborted) throw cancellation.reason;
        if (isBatch(next.value)) for (const delta of next.value) this.#say(delta);
        else this.#say(next.value);
        if (turn === undefined) continue;
        if (!gate.isOpen) await rejectOnAbort(gate.waitUntilOpen(), cancellation);
        if (!turn.hasRoom) await this.#waitForTurn(turn);
      }
    } finally {
      // Its clean-up may take for ever, too.
      if (!done) await settleInTime(generator.return(undefined), clock, ABORT_GRACE_MS, () => undefined);
    }
  }

  /**
   * Passes a delta on, if the step is visible. What a silent one yields must be right, too, or it would fail on the day on
   * which it is made visible.
   * @throws Error if it is no delta
   */
  #say(delta: unknown): void {
    if (!isDelta(delta)) throw makeDeltaError(delta, this.#speaker.node, this.#workflow);
    this.#turn?.say(this.#speaker, delta);
  }

  /** Gives its place away meanwhile: the steps that speak before it may need it. */
  async #waitForTurn(turn: SpeakingOrder): Promise<void> {
    const { places, cancellation } = this.#run;
    this.#place.release();
    await rejectOnAbort(turn.room(), cancellation);
    this.#place = await places.acquire(cancellation);
  }
}

function isGenerator(value: unknown): value is AsyncGenerator<Deltas, unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}

function isBatch(deltas: Deltas): deltas is readonly Delta[] {
  return Array.isArray(deltas);
}
