import type { RunEvent } from '../../engine/index.js';
import { assertNever } from '../../kernel/index.js';

/** An event as it stands in a log. */
export type LoggedEvent = RunEvent & {
  /** When it happened, in milliseconds since the Unix epoch. It never goes back within a log. */
  readonly at: number;
  /** Of one that begins an attempt: hash of the workflow that is at work from then on. It stays in the log: no client is told. */
  readonly graph?: string;
};

/**
 * What of an event is logged. What silent steps gave is for code in this process alone, and no log that clients can read has it. A
 * result has been left out before, unless clients have read it.
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
