import type { ObserverEvent, RunEvent, RunFailed, RunFinished, RunWaiting } from '../engine/index.js';

/** The last event of an attempt at a run. */
export type LastEvent = RunFinished | RunFailed | RunWaiting;

/** True for the last event of an attempt at a run: nothing of the run is at work any more. */
export function isLastEvent(event: RunEvent | ObserverEvent): event is LastEvent {
  return event.type === 'run-finished' || event.type === 'run-failed' || event.type === 'run-waiting';
}
