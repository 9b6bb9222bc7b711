export type { ChatEvent } from './chat-event.js';
export { Flow, type NestedOptions, type NodeOptions, type StepOptions } from './flow.js';
export { type GraphJson, graphJsonOf, type WorkflowGraph } from './graph/graph-json.js';
export { mermaidOf } from './graph/mermaid.js';
export { svgOf } from './graph/svg.js';
export { IncompleteAnswerError } from './incomplete-answer-error.js';
export { assertParametersTaken, groupOf, type ParameterGroup } from './parameter-groups.js';
export { type FoundProvider, ProviderFinder } from './provider-finder.js';
export { Ref, type RefValue, type Wired, type Wiring } from './ref.js';
export type {
  DeltaEvent,
  ModelIdentified,
  NodeFailed,
  NodeFinished,
  NodeProgress,
  NodeStarted,
  RouteTaken,
  RunEvent,
  RunFailed,
  RunFinished,
  RunStarted,
} from './run-event.js';
export { guarded, type ReadFailure, RunEvents, type RunReader } from './run-events.js';
export { type CallName, describeFailure, type StepLog } from './run-log.js';
export type { RunOutcome } from './run-to-end.js';
export { TaskContext, type CallAccount, type CallLedger, type TaskContextParts } from './task-context.js';
export type { EventOf, ResultOf } from './definition-types.js';
export { WorkflowDefinition } from './workflow-definition.js';
export type { Deltas, InputOf, OutputOf } from './node-signature.js';
export type { WorkflowNode } from './workflow-node.js';
export { WorkflowRegistry, type WorkflowName } from './workflow-registry.js';
export type { RunOrigin } from './trace-start.js';
export { WorkflowRunner, type RunOptions } from './workflow-runner.js';
export type { Branch, CompiledWorkflow, Connection, NodeConfig, StepKind, WorkflowSchema } from './workflow-schema.js';
export { Workflow, type WorkflowAlias, type WorkflowOptions } from './workflow.decorator.js';
export { WorkflowModule } from './workflow.module.js';
