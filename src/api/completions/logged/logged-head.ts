import type { DecodedRequest } from '../completions.decoder.js';
import type { StreamHead } from '../completions.encoder.js';

/** How a completion is told, and from where. */
export interface LoggedHead extends StreamHead {
  /** What its workflow puts between the texts of two steps. Absent in what earlier releases kept, whose runs do not wait. */
  readonly separator?: string;
}

/** What is kept with the log of a completion, as JSON: a later release tells it in the same way. */
export function writeLoggedHead({ head, includeUsage, nodeEvents, workflow: { separator } }: DecodedRequest): string {
  const { id, created, model } = head;
  return JSON.stringify({ id, created, model, includeUsage, nodeEvents, separator } satisfies LoggedHead);
}

/** @param json as {@link writeLoggedHead} gave it */
export function readLoggedHead(json: string): LoggedHead {
  return JSON.parse(json) as LoggedHead;
}
