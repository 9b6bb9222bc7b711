import type { RunEvent } from '../../engine/index.js';
import { assertNever } from '../../kernel/index.js';

/** An event in the form that a log contains. */
export type LoggedEvent = RunEvent & {
  /** When it happened, in milliseconds since the Unix epoch. It never goes back within a log. */
  readonly at: number;
  /** Only in events that begin an attempt: hash of the workflow that executes from then on. Clients do not get it. */
  readonly graph?: string;
};

/**
 * The part of an event that is logged. Outputs of silent steps are never logged, because clients can read the log. The
 * result was already removed unless clients have read it as text.
 */
export function makeLoggedEvent(event: RunEvent, at: number): LoggedEvent {
  switch (event.type) {
    case 'node-finished': {
      if (event.visible) return { ...event, at };
      const { output: _output, ...rest } = event;
      return { ...rest, at };
    }
    case 'run-started':
    case 'run-resumed':
    case 'node-restarted':
    case 'node-started':
    case 'node-progress':
    case 'route-taken':
    case 'model-identified':
    case 'delta':
    case 'node-failed':
    case 'run-waiting':
    case 'run-continued':
    case 'run-retrying':
    case 'run-finished':
    case 'run-failed':
      return { ...event, at };
    default:
      return assertNever(event);
  }
}
