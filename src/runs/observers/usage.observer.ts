import { Injectable } from '@nestjs/common';
import { isLastEvent } from '../last-event.js';
import type { RunOptions } from '../run-options.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Ends the permit of a run at its end, with the tokens that the run has used. */
@Injectable()
export class UsageObserverFactory implements RunObserverFactory {
  observe({ options: { permit } }: ObservedRun): RunObserver | undefined {
    return permit && new UsageObserver(permit);
  }
}

class UsageObserver implements RunObserver {
  constructor(private readonly permit: NonNullable<RunOptions['permit']>) {}

  next(event: ObservedEvent): void {
    if (isLastEvent(event)) this.permit.end(event.usage, event.untoldTokens);
  }
}
