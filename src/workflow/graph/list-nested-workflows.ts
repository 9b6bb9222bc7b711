import { assertNever } from '../../kernel/index.js';
import type { CompiledWorkflow, CompiledScope } from '../workflow-schema.js';

/** Lists the workflows that run inside another, at any depth, each once, in declared order. */
export function listNestedWorkflows(workflow: CompiledWorkflow): readonly CompiledWorkflow[] {
  const found = new Set<CompiledWorkflow>();
  const visit = ({ steps }: CompiledScope): void => {
    for (const step of steps) {
      switch (step.kind) {
        case 'route':
          for (const branch of step.branches.values()) visit(branch);
          break;
        case 'workflow':
          if (found.has(step.workflow)) break;
          found.add(step.workflow);
          visit(step.workflow.scope);
          break;
        case 'node':
        case 'interrupt':
          break;
        default:
          assertNever(step);
      }
    }
  };
  visit(workflow.scope);
  return [...found];
}
