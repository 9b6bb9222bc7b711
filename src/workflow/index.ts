export { Agent, agent, type AgentData, type AgentInput, type Conversation } from './agents/agent.js';
export { AgentCompiler, type AgentUse } from './agents/agent-compiler.js';
export type { AgentConfig, Instructions, ModelChoice, ModelOption, ModelWithSettings } from './agents/agent-config.js';
export { AgentTool, ToolError } from './agents/agent-tool.js';
export { McpServer, mcpServer, type McpToolChoice, type NamedMcpServer } from './agents/mcp-server.js';
export { type ChannelMap, findChannelProblem, type OneFieldPerChannel } from './agents/channels.js';
export { PromptFile, promptFile } from './agents/prompt-file.js';
export { readConversation } from './agents/read-conversation.js';
export {
  type AgentEvent,
  type EventLevel,
  type ModelCallContent,
  type ModelCallFinished,
  MOST_CONTENT_BYTES,
} from './agent-event.js';
export {
  type ApprovedMcpCall,
  HiddenHeaders,
  type McpToolFilter,
  type RequestedMcp,
  type RequestedMcpServer,
} from './requested-mcp.js';
export type { AgentOverride, RunRequest } from './run-request.js';
export { Flow } from './flow.js';
export type {
  AskOptions,
  CodeOptions,
  NestedOptions,
  NodeOptions,
  StepOptions,
  StreamOptions,
} from './step-options.js';
export { makeGraphJson } from './graph/graph-json.js';
export { drawMermaid } from './graph/mermaid.js';
export { drawSvg } from './graph/svg.js';
export { IncompleteOutputError } from './incomplete-output-error.js';
export type { Deltas, InputOf, OutputOf } from './node-signature.js';
export { assertParametersTaken, findGroup, PARAMETER_GROUPS, type ParameterGroup } from './parameter-groups.js';
export { type FoundProvider, ProviderFinder } from './provider-finder.service.js';
export { Ref, type Refs, type RefValue, type Unwired, type Wired } from './ref.js';
export { type CallName, describeFailure, RunLogger, StepLogger } from './run-logger.js';
export { SCHEDULE_NAME } from './schedules/check-schedules.js';
export { findNextSlot, type ScheduleTimes, ScheduleTimesError } from './schedules/schedule-slots.js';
export type { WorkflowSchedule } from './schedules/workflow-schedule.js';
export { type StepEvents, StepSpan, toContent } from './step-span.js';
export { TaskContext } from './task-context.js';
export { WiringError } from './wiring-error.js';
export type { WorkflowNode } from './workflow-node.js';
export { type WorkflowName, WorkflowRegistry } from './workflow-registry.service.js';
export type {
  CompiledWait,
  CompiledWorkflow,
  InterruptStep,
  NestedStep,
  NodeStep,
  RouteStep,
  CompiledScope,
  Step,
  StepKind,
  Values,
} from './workflow-schema.js';
export { STEP_KINDS } from './workflow-schema.js';
export type { ChatRefs, RequestOf, ResultOf, WorkflowLike } from './workflow-types.js';
export {
  type BackgroundOptions,
  readWorkflowOptions,
  Workflow,
  type WorkflowAlias,
  type WorkflowOptions,
} from './workflow.decorator.js';
export { WorkflowModule } from './workflow.module.js';
