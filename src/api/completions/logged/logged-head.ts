import type { DecodedRequest } from '../completions.decoder.js';
import type { FoldHead } from '../completion-fold.js';

/** What is kept with the log of a completion, as JSON: a later release tells it in the same way. */
export function writeLoggedHead({ head, includeUsage, nodeEvents }: DecodedRequest): string {
  const { id, created, model } = head;
  return JSON.stringify({ id, created, model, includeUsage, nodeEvents } satisfies FoldHead);
}

/** @param json as {@link writeLoggedHead} gave it */
export function readLoggedHead(json: string): FoldHead {
  return JSON.parse(json) as FoldHead;
}
