import { Injectable } from '@nestjs/common';
import { isLastEvent } from '../last-event.js';
import type { RunOptions } from '../run-options.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Ends the admission of a run at its end, with the tokens that the run has used. */
@Injectable()
export class UsageObserverFactory implements RunObserverFactory {
  observe({ options: { admission } }: ObservedRun): RunObserver | undefined {
    return admission && new UsageObserver(admission);
  }
}

class UsageObserver implements RunObserver {
  constructor(private readonly admission: NonNullable<RunOptions['admission']>) {}

  next(event: ObservedEvent): void {
    if (isLastEvent(event)) this.admission.end(event.usage, event.unreportedTokens);
  }
}
