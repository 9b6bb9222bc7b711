export {
  type AgentEvent,
  type EventLevel,
  type ModelCallContent,
  type ModelCallFinished,
  MOST_CONTENT_BYTES,
} from './agent-event.js';
export type { RunRequest } from './run-request.js';
export type { RequestOf, ResultOf } from './definition-types.js';
export { Flow, type NestedOptions, type NodeOptions, type StepOptions } from './flow.js';
export { type GraphJson, makeGraphJson, type WorkflowGraph } from './graph/graph-json.js';
export { drawMermaid } from './graph/mermaid.js';
export { drawSvg } from './graph/svg.js';
export { IncompleteAnswerError } from './incomplete-answer-error.js';
export type { Deltas, InputOf, OutputOf } from './node-signature.js';
export { assertParametersTaken, findGroup, type ParameterGroup } from './parameter-groups.js';
export { type FoundProvider, ProviderFinder } from './provider-finder.js';
export { Ref, type RefValue, type Wired, type Wiring } from './ref.js';
export { type CallName, describeFailure, RunLog, StepLog } from './run-log.js';
export { findStepKind } from './step-kind.js';
export { type SpanEnding, type SpanStart, type StepEvents, StepSpan, toContent } from './step-span.js';
export { TaskContext, type TaskContextParts } from './task-context.js';
export { WorkflowDefinition } from './workflow-definition.js';
export type { WorkflowNode } from './workflow-node.js';
export { type WorkflowName, WorkflowRegistry } from './workflow-registry.js';
export type {
  Branch,
  CompiledWorkflow,
  Connection,
  NestedStep,
  NodeConfig,
  NodeStep,
  RouteStep,
  CompiledScope,
  Step,
  StepKind,
  Values,
  WorkflowSchema,
} from './workflow-schema.js';
export { Workflow, type WorkflowAlias, type WorkflowOptions } from './workflow.decorator.js';
export { WorkflowModule } from './workflow.module.js';
