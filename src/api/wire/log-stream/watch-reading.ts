import type { Response } from 'express';
import type { RunFailed } from '../../../engine/index.js';
import { GoneError, RetoldError } from '../../../errors/index.js';
import { findRecord } from '../../../http/index.js';
import type { AbortNotice } from '../../../kernel/index.js';
import type { LoggedRun } from '../../../runs/index.js';

/** Is told what whoever reads a log finds there. */
export interface ReadingWatch {
  /** Told of the run's trace, if it has one. */
  readonly onTraceId: (id: string) => void;
  /** Told of the step that the run failed in. */
  readonly onFailedNode: (node: string, code: string) => void;
}

/** How a client waits for what a log gives as a whole. */
export interface Waiting extends ReadingWatch {
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** True if the same request finds the same run. */
  readonly isRepeatable: boolean;
}

/** Tells the response, and the request's record, of what is read. */
export function watchReading(response: Response): ReadingWatch {
  return {
    onTraceId: (id) => response.setHeader('x-trace-id', id),
    onFailedNode: (node, code) => findRecord(response).setReplayedFailure({ node, code }),
  };
}

/** The error for a client that reads that the run has failed. */
export function retellFailure(
  { error, outcome, node }: Pick<RunFailed, 'error' | 'outcome' | 'node'>,
  { onFailedNode }: Pick<ReadingWatch, 'onFailedNode'>,
): RetoldError {
  if (node !== undefined) onFailedNode(node, error.code ?? error.type);
  return new RetoldError(error, outcome);
}

/** @param told what the log tells to clients. @throws GoneError if the log has expired */
export function assertLogKept({ hasLog }: LoggedRun, told: 'completion' | 'response'): void {
  if (hasLog) return;
  throw new GoneError(
    `What this ${told} said is not kept any more: its log has expired. Send the request again.`,
    'log_expired',
  );
}
