import { Injectable } from '@nestjs/common';
import type { ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Tells the record of a request, which becomes its line in the access log, of its run. */
@Injectable()
export class AccessLogObserverFactory implements RunObserverFactory {
  observe({ options: { id, record } }: ObservedRun): RunObserver | undefined {
    if (record === undefined) return undefined;
    return {
      next: (event) => {
        if (event.type === 'run-started') record.beginRun(id);
        else if (event.type === 'run-finished') record.endRun(event.finishReason, event);
        else if (event.type === 'run-failed') record.endRun(event.outcome, event);
      },
    };
  }
}
