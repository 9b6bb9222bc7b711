import type { Type } from '@nestjs/common';
import type { ModelParameters, ModelProvider } from '../../models/index.js';
import type { ParameterGroup } from '../parameter-groups.js';
import type { TaskContext } from '../task-context.js';
import type { AgentTool } from './agent-tool.js';
import type { McpServer } from './mcp-server.js';
import type { PromptFile } from './prompt-file.js';

/** A model: `openai/gpt-5.4-mini`, or `openai` for the provider's default. */
export type ModelChoice = ModelProvider | `${ModelProvider}/${string}`;

/** A model with parameters of its own. */
export interface ModelWithSettings {
  readonly model: ModelChoice;
  /** Parameters of its calls, in place of the agent's `settings`; absent: the agent's `settings`. */
  readonly settings?: ModelParameters;
}

/** A model of an agent: the first is asked first, each further one when the one before it fails. */
export type ModelOption = ModelChoice | ModelWithSettings;

/**
 * The system message before the conversation: a text, a prompt file, or a function that makes the text for each run from the
 * agent's input.
 */
export type Instructions<Variables extends object = object> =
  string | PromptFile<Variables> | ((input: Variables, context: TaskContext) => string | Promise<string>);

/** How an agent uses a language model. */
export interface AgentConfig<Variables extends object = object> {
  /**
   * The system message before the conversation. The variables that a function takes, or that a prompt file declares, become a
   * part of the agent's input.
   */
  readonly instructions?: Instructions<Variables>;
  /**
   * The model, or several: each further one is asked when the one before it fails. Absent: the default model of the provider
   * `openai` (OPENAI_MODEL).
   */
  readonly model?: ModelChoice | readonly [ModelOption, ...ModelOption[]];
  /** Parameters of the model call by their wire names. They win over what the client sends. */
  readonly settings?: ModelParameters;
  /**
   * Which of the client's parameters reach the model. Absent: `['sampling']`. A structured agent keeps its own response
   * format in any case.
   */
  readonly forward?: readonly ParameterGroup[];
  /**
   * Tools that the model may call and this server runs: classes, and MCP servers with all or some of their tools (`mcpServer(…)`). The
   * client sees neither the calls nor their results.
   */
  readonly tools?: readonly (Type<AgentTool> | McpServer)[];
  /** How many times in a row the model may call tools before it must finish; 8 if absent. */
  readonly maxToolRounds?: number;
  /** How many tool calls one run of the agent may make in all rounds; 128 if absent. */
  readonly maxToolCalls?: number;
  /** Longest duration of one model call, in milliseconds. Absent: only the server's limits apply. */
  readonly timeout?: number;
  /**
   * How often a failed call is made again, in addition to the short retries of UPSTREAM_MAX_RETRIES; 0 if absent. Only for
   * failures that another try can heal, and never once a part of the output has been passed on.
   */
  readonly retries?: number;
  /**
   * How often the model is asked to correct a structured output that does not fit; 1 if absent. Only if the agent is silent:
   * output that streams reaches the client before it can be checked.
   */
  readonly repairs?: number;
}
