import type { DecodedRequest } from '../completions.decoder.js';
import type { StreamHead } from '../completions.encoder.js';

/** How a completion is shown, and from which event on. */
export interface LoggedHead extends StreamHead {
  /**
   * The workflow's separator between the texts of two steps. Absent if stored by an earlier release, whose runs do not
   * wait.
   */
  readonly separator?: string;
}

/** The data stored with the log of a completion, as JSON, so that a later release shows it in the same way. */
export function writeLoggedHead({ head, includeUsage, nodeEvents, workflow: { separator } }: DecodedRequest): string {
  const { id, created, model } = head;
  return JSON.stringify({ id, created, model, includeUsage, nodeEvents, separator } satisfies LoggedHead);
}

/** @param json as {@link writeLoggedHead} gave it */
export function readLoggedHead(json: string): LoggedHead {
  return JSON.parse(json) as LoggedHead;
}
