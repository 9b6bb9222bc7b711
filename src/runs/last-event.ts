import type { ObserverEvent, RunEvent, RunFailed, RunFinished, RunRetrying, RunWaiting } from '../engine/index.js';

/** The last event of an attempt at a run. */
export type LastEvent = RunFinished | RunFailed | RunWaiting | RunRetrying;

/** True for the last event of an attempt at a run: nothing of the run is active any more. */
export function isLastEvent(event: RunEvent | ObserverEvent): event is LastEvent {
  switch (event.type) {
    case 'run-finished':
    case 'run-failed':
    case 'run-waiting':
    case 'run-retrying':
      return true;
    default:
      return false;
  }
}
