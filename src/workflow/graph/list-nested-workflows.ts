import type { CompiledWorkflow, CompiledScope } from '../workflow-schema.js';

/** The workflows that run inside another, at any depth, each once, in the order in which they are met. */
export function listNestedWorkflows(workflow: CompiledWorkflow): readonly CompiledWorkflow[] {
  const found = new Set<CompiledWorkflow>();
  const visit = ({ steps }: CompiledScope): void => {
    for (const step of steps) {
      if (step.kind === 'route') for (const branch of step.branches.values()) visit(branch);
      if (step.kind !== 'workflow' || found.has(step.workflow)) continue;
      found.add(step.workflow);
      visit(step.workflow.scope);
    }
  };
  visit(workflow.scope);
  return [...found];
}
