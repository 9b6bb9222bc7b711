import { Injectable } from '@nestjs/common';
import type { NodeFailed, NodeFinished } from '../../engine/index.js';
import type { Outcome } from '../../errors/index.js';
import { assertNever, Clock } from '../../kernel/index.js';
import { type Instruments, Metrics } from '../../metrics/index.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Measures runs and their nodes. */
@Injectable()
export class MetricsObservers implements RunObserverFactory {
  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  observe({ workflow }: ObservedRun): RunObserver {
    return new MetricsObserver(this.metrics.instruments, this.clock, workflow.id);
  }
}

class MetricsObserver implements RunObserver {
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

  next(event: ObservedEvent): void {
    switch (event.type) {
      case 'node-started':
        this.#atWork.set(event.node, this.clock.monotonic());
        break;
      case 'node-finished':
        this.#endNode(event, 'ok');
        break;
      case 'node-failed':
        // What was aborted is measured with the end of the run.
        if (!event.aborted) this.#endNode(event, event.recovered ? 'recovered' : 'error');
        break;
      case 'run-finished':
        this.#endRun(event.finishReason);
        break;
      case 'run-failed':
        this.#endRun(event.outcome);
        break;
      case 'run-started':
      case 'node-progress':
      case 'route-taken':
      case 'model-identified':
        break;
      default:
        assertNever(event);
    }
  }

  #endNode({ node, elapsedMs }: NodeFinished | NodeFailed, outcome: 'ok' | 'error' | 'recovered'): void {
    this.#atWork.delete(node);
    this.instruments.nodeDuration.observe({ workflow: this.workflow, node, outcome }, elapsedMs / 1_000);
  }

  #endRun(outcome: Outcome): void {
    const { instruments, workflow } = this;
    const now = this.clock.monotonic();
    for (const [node, startedAt] of this.#atWork) {
      instruments.nodeDuration.observe({ workflow, node, outcome: 'aborted' }, (now - startedAt) / 1_000);
    }
    instruments.openRuns.dec({ workflow });
    instruments.runDuration.observe({ workflow, outcome }, (now - this.#startedAt) / 1_000);
  }
}
