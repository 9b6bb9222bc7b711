import { InternalError, type MillraceError, RunAbortedError } from '../../errors/index.js';
import type { CompiledWorkflow } from '../../workflow/index.js';

/** Longest pause before a run is begun again, in milliseconds. One that is to wait longer has failed. */
const LONGEST_DELAY_MS = 3_600_000;
/** How much of a pause is left to chance, so that runs that have failed together do not come back together. */
const JITTER = 0.25;
/** A model provider does not take what this server writes: it would write the same again. */
const REFUSED = 'upstream_refused_request';

/** A run that has failed. */
export interface FailedRun {
  readonly id: string;
  readonly workflow: Pick<CompiledWorkflow, 'retries' | 'retryDelayMs'>;
  /** How often it was begun again after a failure. */
  readonly retries: number;
}

/** @returns in how many milliseconds it is begun again; undefined: it has failed for good */
export function chooseRetryDelay({ id, workflow, retries }: FailedRun, error: MillraceError): number | undefined {
  if (retries >= workflow.retries || !canPass(error)) return undefined;
  const { retryAfterMs = 0 } = error;
  if (retryAfterMs > LONGEST_DELAY_MS) return undefined;
  const delayMs = Math.min(workflow.retryDelayMs * 2 ** retries, LONGEST_DELAY_MS);
  return Math.ceil(Math.max(retryAfterMs, delayMs * (1 - JITTER * readChance(id))));
}

/** True if another attempt may end in another way: nobody at fault has said that it cannot. What an author's code throws may be anything. */
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
