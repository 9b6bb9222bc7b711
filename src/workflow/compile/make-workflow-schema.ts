import { assertNever } from '../../kernel/index.js';
import {
  type Branch,
  type CompiledScope,
  type Connection,
  listBranches,
  type NodeConfig,
  type Step,
  type WorkflowSchema,
} from '../workflow-schema.js';

/** Makes the graph of a workflow as data. */
export function makeWorkflowSchema(scope: CompiledScope): WorkflowSchema {
  const nodes: NodeConfig[] = [];
  const connections: Connection[] = [];
  const branches: Branch[] = [];
  const visit = ({ steps }: CompiledScope): void => {
    for (const step of steps) {
      nodes.push(Object.freeze(makeNodeConfig(step)));
      connections.push(...step.dependsOn.map((from) => Object.freeze({ from, to: step.key })));
      for (const [when, branch] of listBranches(step)) {
        branches.push(Object.freeze({ route: step.key, when, steps: branch.steps.map(({ key }) => key) }));
        visit(branch);
      }
    }
  };
  visit(scope);
  const start = scope.steps.filter(({ dependsOn }) => dependsOn.length === 0).map(({ key }) => key);
  return Object.freeze({ start, nodes, connections, branches });
}

function makeNodeConfig(step: Step): NodeConfig {
  const { key, visible } = step;
  switch (step.kind) {
    case 'node':
      return { key, kind: step.nodeKind, node: step.node, visible };
    case 'workflow':
      return { key, kind: 'workflow', node: step.workflow.id, visible };
    case 'route':
      return { key, kind: 'route', visible };
    case 'interrupt':
      return { key, kind: 'interrupt', node: step.name, visible };
    default:
      return assertNever(step);
  }
}
