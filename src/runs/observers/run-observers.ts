import { formatStackForLog } from '../../errors/index.js';
import type { RunLog } from '../../workflow/index.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Everybody who observes runs. */
export class RunObservers {
  readonly #factories: readonly RunObserverFactory[];

  constructor(factories: readonly RunObserverFactory[]) {
    this.#factories = factories;
  }

  /**
   * One observer for all who want to observe this run. It never throws.
   * @param log told of those that fail
   */
  observe(run: ObservedRun, log: RunLog): RunObserver {
    const observers: RunObserver[] = [];
    for (const factory of this.#factories) {
      try {
        const observer = factory.observe(run);
        if (observer !== undefined) observers.push(observer);
      } catch (thrown) {
        logFailure(log, thrown);
      }
    }
    return {
      next: (event: ObservedEvent, content) => {
        for (const observer of observers) {
          try {
            observer.next(event, content);
          } catch (thrown) {
            logFailure(log, thrown);
          }
        }
      },
    };
  }
}

/** Later, because nothing of it may touch the run, whatever the log does. */
function logFailure(log: RunLog, thrown: unknown): void {
  process.nextTick(() => log.write('error', 'has an observer that failed', {}, formatStackForLog(thrown)));
}
