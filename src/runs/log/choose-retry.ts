import { InternalError, type MillraceError, RunAbortedError } from '../../errors/index.js';
import type { CompiledWorkflow } from '../../workflow/index.js';

/** Longest pause before a run is tried again, in milliseconds. A run that would wait longer fails. */
const LONGEST_DELAY_MS = 3_600_000;
/** The random part of a pause, so that runs that failed together are not retried together. */
const JITTER = 0.25;
/** A model provider rejects the request that this server makes: a retry would make the same one. */
const REFUSED = 'upstream_refused_request';

/** A run that has failed. */
interface FailedRun {
  readonly id: string;
  readonly workflow: Pick<CompiledWorkflow, 'retries' | 'retryDelayMs'>;
  /** How often it was tried again after a failure. */
  readonly retries: number;
}

/** @returns milliseconds until the run is tried again; undefined: it has failed for good */
export function chooseRunRetryDelay({ id, workflow, retries }: FailedRun, error: MillraceError): number | undefined {
  if (retries >= workflow.retries || !canPass(error)) return undefined;
  const { retryAfterMs = 0 } = error;
  if (retryAfterMs > LONGEST_DELAY_MS) return undefined;
  const delayMs = Math.min(workflow.retryDelayMs * 2 ** retries, LONGEST_DELAY_MS);
  return Math.ceil(Math.max(retryAfterMs, delayMs * (1 - JITTER * readChance(id))));
}

/** True if another attempt can succeed. Errors thrown by authors' code are retried, since they may be temporary. */
function canPass(error: MillraceError): boolean {
  if (error instanceof RunAbortedError) return false;
  if (error instanceof InternalError) return true;
  const { status, retryable, code } = error;
  return retryable && code !== REFUSED && (status >= 500 || status === 429 || status === 408);
}

/** From 0 to 1: ids are random. */
function readChance(id: string): number {
  return (Number.parseInt(id.slice(-6), 16) || 0) / 0xffffff;
}
