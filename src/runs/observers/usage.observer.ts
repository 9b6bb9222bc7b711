import { Injectable } from '@nestjs/common';
import { isLastEvent } from '../last-event.js';
import type { ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Ends the permit of a run at its end, with the tokens that the run has used. */
@Injectable()
export class UsageObserverFactory implements RunObserverFactory {
  observe({ options: { permit } }: ObservedRun): RunObserver | undefined {
    if (permit === undefined) return undefined;
    return {
      next: (event) => {
        if (isLastEvent(event)) permit.end(event.usage, event.untoldTokens);
      },
    };
  }
}
