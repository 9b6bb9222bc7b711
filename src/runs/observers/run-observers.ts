import type { ObserverContent } from '../../engine/index.js';
import { formatStackForLog } from '../../errors/index.js';
import type { RunLogger } from '../../workflow/index.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** All observers of runs. */
export class RunObservers {
  readonly #factories: readonly RunObserverFactory[];

  constructor(factories: readonly RunObserverFactory[]) {
    this.#factories = factories;
  }

  /**
   * Makes one observer of all observers of a run. It never throws.
   * @param log gets the errors of observers
   */
  observe(run: ObservedRun, log: RunLogger): RunObserver {
    const made: RunObserver[] = [];
    for (const factory of this.#factories) {
      try {
        const observer = factory.observe(run);
        if (observer !== undefined) made.push(observer);
      } catch (thrown) {
        logFailure(log, thrown);
      }
    }
    // Without the spare capacity of a list that grew by push.
    return new AllObservers(made.slice(), log);
  }
}

class AllObservers implements RunObserver {
  readonly wantsContent: boolean;

  constructor(
    private readonly observers: readonly RunObserver[],
    private readonly log: RunLogger,
  ) {
    this.wantsContent = observers.some(({ wantsContent }) => wantsContent === true);
  }

  next(event: ObservedEvent, content?: ObserverContent): void {
    for (const observer of this.observers) {
      try {
        observer.next(event, content);
      } catch (thrown) {
        logFailure(this.log, thrown);
      }
    }
  }
}

/** Logs in the next tick, so that an error of the log itself cannot touch the run. */
function logFailure(log: RunLogger, thrown: unknown): void {
  process.nextTick(() => log.write('error', 'has an observer that failed', {}, formatStackForLog(thrown)));
}
