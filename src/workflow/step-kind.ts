import type { WorkflowNode } from './workflow-node.js';
import type { StepKind } from './workflow-schema.js';

/** What kind of step a node is, by what it can do. */
export function findStepKind({ speaks, forwards }: Pick<WorkflowNode, 'speaks' | 'forwards'>): StepKind {
  if (speaks) return 'agent-streaming';
  return forwards === undefined ? 'node' : 'agent';
}
