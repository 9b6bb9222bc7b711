import type { CompiledWorkflow } from '../../workflow/index.js';
import type { DecodedRequest } from './decoded-request.js';
import { findPhases } from './find-phases.js';
import type { Phase } from './items/output-item.js';
import { ResponseEncoder } from './responses.encoder.js';

/** Workflows are compiled once, at start. */
const phasesOfWorkflows = new WeakMap<CompiledWorkflow, ReadonlyMap<string, Phase>>();

/** Makes the encoder of the response to a request. */
export function makeEncoder({ head, workflow, nodeEvents }: Pick<DecodedRequest, 'head' | 'workflow' | 'nodeEvents'>) {
  let phases = phasesOfWorkflows.get(workflow);
  if (phases === undefined) {
    phases = findPhases(workflow);
    phasesOfWorkflows.set(workflow, phases);
  }
  return new ResponseEncoder(head, { phases, nodeEvents });
}
