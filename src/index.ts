/**
 * The door for authors: all that a workflow, a node, a tool, or an application with workflows of its own imports.
 * @packageDocumentation
 */
export { type MillraceAsyncOptions, MillraceModule, type MillraceOptions } from './module/index.js';
export {
  type BackgroundOptions,
  Workflow,
  type WorkflowAlias,
  type WorkflowOptions,
  WorkflowRegistry,
  type WorkflowSchedule,
} from './workflow/index.js';
export {
  type AskOptions,
  type ChatRefs,
  type CodeOptions,
  type Deltas,
  Flow,
  type NestedOptions,
  type NodeOptions,
  type ParameterGroup,
  Ref,
  type Refs,
  type RefValue,
  type RunRequest,
  type StepOptions,
  type StreamOptions,
  TaskContext,
  type Unwired,
  type Wired,
  type WorkflowLike,
} from './workflow/index.js';
export {
  Agent,
  agent,
  type AgentConfig,
  type AgentInput,
  AgentTool,
  type ChannelMap,
  type Conversation,
  type Instructions,
  type ModelChoice,
  type ModelOption,
  McpServer,
  mcpServer,
  type McpToolChoice,
  type ModelWithSettings,
  type NamedMcpServer,
  PromptFile,
  promptFile,
  ToolError,
} from './workflow/index.js';
export {
  type CallControls,
  type ChatModel,
  type Message,
  type ModelCall,
  ModelProvider,
  ModelProviders,
  type ModelResult,
} from './models/index.js';
export {
  AgentNode,
  AgentResources,
  AgentStreamingNode,
  PromptManager,
  ToolRoundsExceededError,
} from './nodes/index.js';
export type { Delta } from './streaming/index.js';
export {
  Describe,
  type OutputClass,
  type OutputType,
  type StandardSchema,
  StructuredOutputError,
} from './schema/index.js';
export {
  ConfigurationError,
  DefinitionError,
  type DefinitionFault,
  InvalidRequestError,
  MillraceError,
  ModelNotFoundError,
  OverloadedError,
  RunAbortedError,
  StartUpError,
  UpstreamError,
} from './errors/index.js';
export type { RunEvent } from './engine/index.js';
export { type RunEvents, type RunOptions, type RunOutput, RunService } from './runs/index.js';
export { TraceMask } from './tracing/index.js';
export { Clock, IdSource, type Timer } from './kernel/index.js';
