import { Injectable } from '@nestjs/common';
import { assertNever } from '../../kernel/index.js';
import type { RequestWatch } from '../run-options.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Writes the facts of a run into the record of its request, from which the access log line is made. */
@Injectable()
export class AccessLogObserverFactory implements RunObserverFactory {
  observe({ options: { id, watch } }: ObservedRun): RunObserver | undefined {
    return watch && new AccessLogObserver(id, watch);
  }
}

class AccessLogObserver implements RunObserver {
  constructor(
    private readonly id: string,
    private readonly watch: RequestWatch,
  ) {}

  next(event: ObservedEvent): void {
    switch (event.type) {
      case 'run-started':
      case 'run-continued':
        this.watch.beginRun(this.id);
        break;
      case 'run-finished':
        this.watch.endRun(event.finishReason, event);
        break;
      case 'run-failed':
        this.watch.endRun(event.outcome, event);
        break;
      case 'run-waiting':
        this.watch.endRun('waiting', event);
        break;
      case 'run-retrying':
        // The request waits for the next attempt.
        break;
      case 'run-resumed':
      case 'node-restarted':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'model-identified':
      case 'node-finished':
      case 'node-failed':
      case 'model-call-started':
      case 'model-call-first-token':
      case 'model-call-retried':
      case 'model-call-finished':
      case 'agent-retried':
      case 'model-fallback':
      case 'repair':
      case 'agent-finished':
      case 'tool-started':
      case 'tool-finished':
      case 'tools-not-run':
      case 'span-started':
      case 'span-event':
      case 'span-ended':
      case 'step-entered':
      case 'step-left':
      case 'run-left':
        break;
      default:
        assertNever(event);
    }
  }
}
