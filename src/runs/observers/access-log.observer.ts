import { Injectable } from '@nestjs/common';
import type { ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Tells the record of a request, from which its line in the access log is made, how its run went. */
@Injectable()
export class AccessLogObserverFactory implements RunObserverFactory {
  observe({ options: { id, record } }: ObservedRun): RunObserver | undefined {
    if (record === undefined) return undefined;
    return {
      next: (event) => {
        if (event.type === 'run-started') record.beginRun(id);
        else if (event.type === 'run-finished') record.endRun(event.finishReason, event);
        else if (event.type === 'run-failed') record.endRun(event.outcome, event);
        else if (event.type === 'run-waiting') record.endRun('waiting', event);
      },
    };
  }
}
