import type { JsonObject } from '../../../kernel/index.js';
import type { DecodedRequest, ResponseHead } from '../decoded-request.js';
import { findPhases } from '../find-phases.js';
import type { Phase } from '../items/output-item.js';

/**
 * The data of a response beside the events of its run, stored with them, so that a later release shows it in the same
 * way.
 */
export interface LoggedHead {
  readonly head: ResponseHead;
  readonly phases: readonly (readonly [node: string, phase: Phase])[];
  readonly nodeEvents: boolean;
  /**
   * The workflow's separator between the texts of two steps. Absent if stored by an earlier release, whose runs do not
   * wait.
   */
  readonly separator?: string;
  /** Its input items. Absent for the first response of its run, whose items are the memo of the run. */
  readonly context?: readonly JsonObject[];
}

/**
 * The data stored with the log of a response, as JSON.
 * @param context of a response that continues the run of another one
 */
export function writeLoggedHead(decoded: DecodedRequest, context?: readonly JsonObject[]): string {
  const { head, workflow, nodeEvents, streams } = decoded;
  return JSON.stringify({
    head,
    phases: [...findPhases(workflow)],
    // A client that waits for the whole response gets its items only.
    nodeEvents: nodeEvents && (streams || head.background),
    separator: workflow.separator,
    ...(context !== undefined && { context }),
  } satisfies LoggedHead);
}

/** @param json as {@link writeLoggedHead} gave it */
export function readLoggedHead(json: string): LoggedHead {
  return JSON.parse(json) as LoggedHead;
}
