import { Injectable } from '@nestjs/common';
import type { NodeFailed, NodeFinished } from '../../engine/index.js';
import type { Outcome } from '../../errors/index.js';
import { assertNever, Clock } from '../../kernel/index.js';
import { CallMetrics, type Instruments, Metrics } from '../../metrics/index.js';
import type { ModelName } from '../../models/index.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Measures runs, their nodes and their model calls. */
@Injectable()
export class MetricsObserverFactory implements RunObserverFactory {
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
  /** Start times of active nodes, by key. */
  readonly #atWork = new Map<string, number>();
  /** Open model calls, by node and number. */
  readonly #calls = new Map<string, CallMetrics>();

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
        // Aborted nodes are measured at the end of the run.
        if (!event.aborted) this.#endNode(event, event.recovered ? 'recovered' : 'error');
        break;
      case 'run-finished':
        this.#endRun(event.finishReason);
        break;
      case 'run-failed':
        this.#endRun(event.outcome);
        break;
      case 'run-waiting':
        this.#endRun('waiting');
        break;
      case 'run-retrying':
        this.#endRun('retrying');
        break;
      case 'model-call-started':
        this.#calls.set(nameCall(event), new CallMetrics(this.instruments, this.clock, this.workflow, event));
        break;
      case 'model-call-first-token':
        this.#calls.get(nameCall(event))?.recordFirstToken();
        break;
      case 'model-call-finished':
        this.#calls.get(nameCall(event))?.recordEnd(event.outcome, event.usage);
        this.#calls.delete(nameCall(event));
        break;
      case 'model-call-retried':
        this.#countRetry(event, 'request');
        break;
      case 'agent-retried':
        this.#countRetry(event, 'agent');
        break;
      case 'model-fallback': {
        const { provider, model } = event.from;
        this.instruments.fallbacks.inc({ provider, model });
        break;
      }
      case 'agent-finished':
      case 'repair':
      case 'tool-started':
      case 'tool-finished':
      case 'tools-not-run':
      case 'span-started':
      case 'span-event':
      case 'span-ended':
      case 'step-entered':
      case 'step-left':
      case 'run-left':
      case 'run-started':
      case 'run-resumed':
      case 'run-continued':
      case 'node-restarted':
      case 'node-progress':
      case 'route-taken':
      case 'model-identified':
        break;
      default:
        assertNever(event);
    }
  }

  /** @param by `request`: sent again by itself; `agent`: with a call of its own */
  #countRetry({ provider, model }: ModelName, by: 'request' | 'agent'): void {
    this.instruments.retries.inc({ provider, model, by });
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

function nameCall({ node, call }: { readonly node: string; readonly call: number }): string {
  return `${node} ${call}`;
}
