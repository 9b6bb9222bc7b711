import type { CompiledWorkflow, WorkflowSchema } from '../workflow-schema.js';
import { listNestedWorkflows } from './list-nested-workflows.js';

/** The graph of one workflow, with what a reader needs to understand it. */
interface WorkflowGraph extends WorkflowSchema {
  /** The workflow's id. */
  readonly workflow: string;
  readonly description: string;
  readonly result: string | null;
  /** True if one of its nodes is visible to the client; otherwise its result is sent. */
  readonly visible: boolean;
}

/** The graph of a workflow and of its nested workflows as JSON. */
interface GraphJson extends WorkflowGraph {
  /** A step of the kind `workflow` names one of these in its `node`. */
  readonly workflows: readonly WorkflowGraph[];
}

/** Makes the graph of a workflow and of all workflows that run inside it, as plain data. */
export function makeGraphJson(workflow: CompiledWorkflow): GraphJson {
  return { ...makeWorkflowGraph(workflow), workflows: listNestedWorkflows(workflow).map(makeWorkflowGraph) };
}

function makeWorkflowGraph({ id, description, schema, resultStep, visible }: CompiledWorkflow): WorkflowGraph {
  return { workflow: id, description, ...schema, result: resultStep ?? null, visible };
}
