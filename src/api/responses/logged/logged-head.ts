import type { JsonObject } from '../../../kernel/index.js';
import type { DecodedRequest, ResponseHead } from '../decoded-request.js';
import { findPhases } from '../find-phases.js';
import type { Phase } from '../items/output-item.js';

/** What tells a response beside the events of its run, as it is kept with them: a later release tells it in the same way. */
export interface LoggedHead {
  readonly head: ResponseHead;
  readonly phases: readonly (readonly [node: string, phase: Phase])[];
  readonly nodeEvents: boolean;
  /** What its workflow puts between the texts of two steps. Absent in what earlier releases kept, whose runs do not wait. */
  readonly separator?: string;
  /** The items that it was asked. Absent for the first response of its run: they are the memo of the run. */
  readonly context?: readonly JsonObject[];
}

/**
 * What is kept with the log of a response, as JSON.
 * @param context of a response that goes on with the run of another one
 */
export function writeLoggedHead(asked: DecodedRequest, context?: readonly JsonObject[]): string {
  const { head, workflow, nodeEvents, streams } = asked;
  return JSON.stringify({
    head,
    phases: [...findPhases(workflow)],
    // Whoever waits for it as a whole is told of its items alone.
    nodeEvents: nodeEvents && (streams || head.background),
    separator: workflow.separator,
    ...(context !== undefined && { context }),
  } satisfies LoggedHead);
}

/** @param json as {@link writeLoggedHead} gave it */
export function readLoggedHead(json: string): LoggedHead {
  return JSON.parse(json) as LoggedHead;
}
