import { rejectOnAbort, type Place, settleInTime, settleOrAbort } from '../kernel/index.js';
import { type Delta, isDelta } from '../streaming/index.js';
import type { Deltas, NodeStep, TaskContext } from '../workflow/index.js';
import { makeDeltaError } from './delta-error.js';
import type { SharedRun } from './shared-run.js';
import type { Speaker, SpeakingOrder } from './speaking-order.js';

/** How long an aborted node may take to clean up, in milliseconds. */
const ABORT_GRACE_MS = 1_000;

/** Runs the code of one node and passes on what it yields. */
export class NodeWork {
  readonly #run: SharedRun;
  readonly #step: NodeStep;
  readonly #order: SpeakingOrder | undefined;
  readonly #speaker: Speaker;
  readonly #workflow: string;
  #place: Place;

  /**
   * @param order its place in the speaking order; undefined for a silent step
   * @param place its share of the run's concurrency limit
   * @param node its key, preceded by those of the enclosing steps
   * @param workflow id of the workflow that it is a step of
   */
  constructor(
    run: SharedRun,
    step: NodeStep,
    order: SpeakingOrder | undefined,
    place: Place,
    node: string,
    workflow: string,
  ) {
    this.#run = run;
    this.#step = step;
    this.#order = order;
    this.#place = place;
    this.#speaker = { node, debounceMs: step.instance.debounceMs };
    this.#workflow = workflow;
  }

  /** @returns the node's output */
  do(input: unknown, context: TaskContext): Promise<unknown> {
    const { cancellation, clock } = this.#run;
    return settleOrAbort(this.#process(input, context), cancellation, clock, ABORT_GRACE_MS);
  }

  /** Frees its place for another node. */
  release(): void {
    this.#place.release();
  }

  async #process(input: unknown, context: TaskContext): Promise<unknown> {
    const { instance, streams } = this.#step;
    const result = instance.process(input, context);
    if (!isGenerator(result)) return result;
    if (streams) return this.#pull(result);
    throw new Error(
      `The step "${this.#speaker.node}" of the workflow "${this.#workflow}" returns a generator, but its process is not ` +
        'written as one: write `async *process`, or add `readonly streams = true` to its class',
    );
  }

  /** Pulls what the node yields, no faster than the run's reader can follow. */
  async #pull(generator: AsyncGenerator<Deltas, unknown, void>): Promise<unknown> {
    const { cancellation, clock, gate } = this.#run;
    const order = this.#order;
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
        if (order === undefined) continue;
        if (!gate.isOpen) await rejectOnAbort(gate.waitUntilOpen(), cancellation);
        if (!order.hasRoom) await this.#waitForRoom(order);
      }
    } finally {
      // The generator's own clean-up may never end.
      if (!done) await settleInTime(generator.return(undefined), clock, ABORT_GRACE_MS, () => undefined);
    }
  }

  /**
   * Passes a delta on if the step is visible. The deltas of a silent step are checked too; otherwise it would fail as
   * soon as an author makes it visible.
   * @throws Error if it is not a delta
   */
  #say(delta: unknown): void {
    if (!isDelta(delta)) throw makeDeltaError(delta, this.#speaker.node, this.#workflow);
    this.#order?.say(this.#speaker, delta);
  }

  /**
   * Waits until more can be buffered. The node's place is free meanwhile, because the steps before it in the speaking
   * order may need it.
   */
  async #waitForRoom(order: SpeakingOrder): Promise<void> {
    const { places, cancellation } = this.#run;
    this.#place.release();
    await rejectOnAbort(order.waitForRoom(), cancellation);
    this.#place = await places.acquire(cancellation);
  }
}

function isGenerator(value: unknown): value is AsyncGenerator<Deltas, unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}

function isBatch(deltas: Deltas): deltas is readonly Delta[] {
  return Array.isArray(deltas);
}
