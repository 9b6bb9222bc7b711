import type { RunRequest } from './run-request.js';
import { DefinitionTypes } from './definition-types.js';
import type { Flow } from './flow.js';
import type { Ref, Wiring } from './ref.js';

/**
 * Base of all workflows: `class Support extends WorkflowDefinition<RunRequest, string>` with `@Workflow({ id: 'support', … })`.
 */
export abstract class WorkflowDefinition<
  Request extends RunRequest = RunRequest,
  Output = unknown,
> extends DefinitionTypes<Request, Output> {
  /**
   * Wires the nodes. Called once at start-up; it must not depend on anything that changes.
   * @returns the ref to the workflow's result, which is the answer if no visible node speaks
   */
  abstract define(flow: Flow, request: Wiring<Request>): Ref<Output>;
}
