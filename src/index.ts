/**
 * The door for authors: all that a workflow, a node, a tool, or an application with workflows of its own imports.
 * @packageDocumentation
 */
export { type MillraceAsyncOptions, MillraceModule, type MillraceOptions } from './module/index.js';
export {
  Workflow,
  type WorkflowAlias,
  WorkflowDefinition,
  type WorkflowOptions,
  WorkflowRegistry,
} from './workflow/index.js';
export {
  type Deltas,
  Flow,
  type NestedOptions,
  type NodeOptions,
  type ParameterGroup,
  Ref,
  type RefValue,
  type RunRequest,
  type StepOptions,
  TaskContext,
  type Wired,
  type Wiring,
} from './workflow/index.js';
export {
  agent,
  type Agent,
  type AgentConfig,
  type AgentInput,
  AgentNode,
  AgentStreamingNode,
  AgentTool,
  type ChannelMap,
  type FallbackModel,
  type Instructions,
  Node,
  NodesModule,
  promptFile,
  type PromptFile,
  PromptManager,
  ToolError,
  ToolRoundsExceededError,
} from './nodes/index.js';
export { type Message, ModelProvider } from './models/index.js';
export type { Delta } from './streaming/index.js';
export { StructuredOutputError } from './schema/index.js';
export {
  ConfigurationError,
  DefinitionError,
  type DefinitionFault,
  InvalidRequestError,
  MillraceError,
  ModelNotFoundError,
  OverloadedError,
  RunAbortedError,
  UpstreamError,
} from './errors/index.js';
export type { RunEvent } from './engine/index.js';
export { type RunEvents, type RunOptions, type RunOutcome, RunService } from './runs/index.js';
export { TraceMask } from './tracing/index.js';
export { Clock, IdSource } from './kernel/index.js';
