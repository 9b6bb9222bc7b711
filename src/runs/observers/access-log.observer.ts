import { Injectable } from '@nestjs/common';
import { assertNever } from '../../kernel/index.js';
import { isLastEvent, type LastEvent } from '../last-event.js';
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
    if (isLastEvent(event)) this.#end(event);
    else if (event.type === 'run-started' || event.type === 'run-continued') this.watch.beginRun(this.id);
  }

  #end(event: LastEvent): void {
    switch (event.type) {
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
      default:
        assertNever(event);
    }
  }
}
