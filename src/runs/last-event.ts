import type { ObserverEvent, RunEvent, RunFailed, RunFinished, RunRetrying, RunWaiting } from '../engine/index.js';

/** The last event of an attempt at a run. */
export type LastEvent = RunFinished | RunFailed | RunWaiting | RunRetrying;

type EventType = (RunEvent | ObserverEvent)['type'];

/** All types of events: a new one does not compile before it is entered here. */
const IS_LAST: { readonly [Type in EventType]: Type extends LastEvent['type'] ? true : false } = {
  'run-finished': true,
  'run-failed': true,
  'run-waiting': true,
  'run-retrying': true,
  'run-started': false,
  'run-resumed': false,
  'run-continued': false,
  'node-restarted': false,
  'node-started': false,
  'node-progress': false,
  'route-taken': false,
  'model-identified': false,
  delta: false,
  'node-finished': false,
  'node-failed': false,
  'model-call-started': false,
  'model-call-first-token': false,
  'model-call-retried': false,
  'model-call-finished': false,
  'agent-retried': false,
  'model-fallback': false,
  repair: false,
  'agent-finished': false,
  'tool-started': false,
  'tool-finished': false,
  'tools-not-run': false,
  'span-started': false,
  'span-event': false,
  'span-ended': false,
  'step-entered': false,
  'step-left': false,
  'run-left': false,
};

/** How a run continues after each last event: a new one does not compile before it is entered here. */
const AFTERWARDS: Readonly<Record<LastEvent['type'], 'never' | 'after an answer' | 'by itself'>> = {
  'run-finished': 'never',
  'run-failed': 'never',
  'run-waiting': 'after an answer',
  'run-retrying': 'by itself',
};

/** True for the last event of an attempt at a run: nothing of the run is active any more. */
export function isLastEvent(event: RunEvent | ObserverEvent): event is LastEvent {
  return IS_LAST[event.type];
}

/** True if the run now waits for an answer, with which its next segment begins. */
export function beginsWait(event: RunEvent): boolean {
  return isLastEvent(event) && AFTERWARDS[event.type] === 'after an answer';
}

/** True if another attempt at the run follows by itself, in the same segment. */
export function precedesAttempt(event: RunEvent): boolean {
  return isLastEvent(event) && AFTERWARDS[event.type] === 'by itself';
}
