import type { DecodedRequest, ResponseHead } from '../decoded-request.js';
import { findPhases } from '../find-phases.js';
import type { Phase } from '../items/output-item.js';
import { ResponseFold } from '../response-fold.js';

/** What tells a response beside the events of its run, as it is kept with them: a later release tells it in the same way. */
interface BackgroundHead {
  readonly head: ResponseHead;
  readonly phases: readonly (readonly [node: string, phase: Phase])[];
  readonly nodeEvents: boolean;
}

/** What is kept with the log of a response, as JSON. */
export function writeBackgroundHead({ head, workflow, nodeEvents }: DecodedRequest): string {
  return JSON.stringify({ head, phases: [...findPhases(workflow)], nodeEvents } satisfies BackgroundHead);
}

/** The fold that tells a response from its log, with nothing in it yet. @param json as {@link writeBackgroundHead} gave it */
export function makeBackgroundFold(json: string): ResponseFold {
  const { head, phases, nodeEvents } = JSON.parse(json) as BackgroundHead;
  return new ResponseFold(head, { phases: new Map(phases), nodeEvents });
}
