import type { Response } from 'express';
import type { RunEvent, RunFailed } from '../../../engine/index.js';
import { GoneError, ReplayedError } from '../../../errors/index.js';
import { findRecord } from '../../../http/index.js';
import type { AbortNotice } from '../../../kernel/index.js';
import type { LoggedRun } from '../../../runs/index.js';
import { passTraceId } from '../run-stream.js';

/** Gets the facts that a reader finds in a log. */
export interface ReadingWatch {
  /** Called with the id of the run's trace, if it has one. */
  readonly onTraceId: (id: string) => void;
  /** Called with the step in which the run failed. */
  readonly onFailedNode: (node: string, code: string) => void;
}

/** Options of a client that waits for the whole output of a log. */
export interface WaitingClient extends ReadingWatch {
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** True if the same request finds the same run. */
  readonly isRepeatable: boolean;
}

/** Adds facts from the log to the response and to the request's record. */
export function watchReading(response: Response): ReadingWatch {
  return {
    onTraceId: (id) => response.setHeader('x-trace-id', id),
    onFailedNode: (node, code) => findRecord(response).setReplayedFailure({ node, code }),
  };
}

/**
 * Passes the facts of an event on.
 * @throws ReplayedError if it is the failure of the run
 */
export function passFacts<E extends RunEvent>(
  event: E,
  { onTraceId, onFailedNode }: ReadingWatch,
): asserts event is Exclude<E, RunFailed> {
  passTraceId(event, onTraceId);
  if (event.type !== 'run-failed') return;
  const { error, outcome, node } = event;
  if (node !== undefined) onFailedNode(node, error.code ?? error.type);
  throw new ReplayedError(error, outcome);
}

/**
 * @param told the client's word for the output.
 * @throws GoneError if the log has expired
 */
export function assertLogKept({ hasLog }: LoggedRun, told: 'completion' | 'response'): void {
  if (hasLog) return;
  throw new GoneError(`The output of this ${told} has expired with its log. Send the request again.`, 'log_expired');
}
