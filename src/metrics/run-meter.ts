import type { Outcome } from '../errors/index.js';
import type { Clock } from '../kernel/index.js';
import type { ModelName } from '../models/index.js';
import { CallMeter } from './call-meter.js';
import type { Instruments } from './instruments.js';

/** How a node ended, if it did so by itself. */
export type NodeOutcome = 'ok' | 'error' | 'recovered';

/** Measures one run, its nodes and its model calls. */
export class RunMeter {
  readonly #startedAt: number;
  /** When the nodes at work began, by key. */
  readonly #atWork = new Map<string, number>();

  constructor(
    private readonly instruments: Instruments,
    private readonly clock: Clock,
    private readonly workflow: string,
  ) {
    this.#startedAt = clock.monotonic();
    instruments.openRuns.inc({ workflow });
  }

  nodeStarted(node: string): void {
    this.#atWork.set(node, this.clock.monotonic());
  }

  /** @param elapsedMs milliseconds */
  nodeEnded(node: string, outcome: NodeOutcome, elapsedMs: number): void {
    this.#atWork.delete(node);
    this.instruments.nodeDuration.observe({ workflow: this.workflow, node, outcome }, elapsedMs / 1_000);
  }

  /** An agent begins to ask a model. */
  call(name: ModelName): CallMeter {
    return new CallMeter(this.instruments, this.clock, this.workflow, name);
  }

  /** An agent asks the same model again with a new call. */
  askedAgain({ provider, model }: ModelName): void {
    this.instruments.retries.inc({ provider, model, by: 'agent' });
  }

  /** An agent gives a model up and asks its next one. */
  gaveUp({ provider, model }: ModelName): void {
    this.instruments.fallbacks.inc({ provider, model });
  }

  /** The last call. What is still at work was aborted. */
  ended(outcome: Outcome): void {
    const { instruments, workflow } = this;
    const now = this.clock.monotonic();
    for (const [node, startedAt] of this.#atWork) {
      instruments.nodeDuration.observe({ workflow, node, outcome: 'aborted' }, (now - startedAt) / 1_000);
    }
    this.#atWork.clear();
    instruments.openRuns.dec({ workflow });
    instruments.runDuration.observe({ workflow, outcome }, (now - this.#startedAt) / 1_000);
  }
}
