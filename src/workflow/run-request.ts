import type { Message, ModelParameters } from '../models/index.js';
import type { RequestedMcp } from './requested-mcp.js';

/** What is different about an agent in one run, in which it is tried out. */
export interface AgentOverride {
  /** In place of its instructions. */
  readonly instructions?: string;
  /** In place of its models, and without fallbacks: `provider/model`. */
  readonly model?: string;
}

/** The validated request of one run. The steps of a workflow are wired to its properties. */
export interface RunRequest {
  /** The id or alias that the client sent as `model`. */
  readonly model: string;
  /** The conversation as the client sent it, whole and in order. */
  readonly messages: readonly Message[];
  /**
   * The client's other parameters by their wire names, unchanged (`temperature`, `stop`, `tools` …). Agents forward them as
   * their configuration says; a node rarely needs them.
   */
  readonly parameters: ModelParameters;
  /** MCP servers that the client names: agents that take its tools have theirs as well. Absent: none. */
  readonly mcp?: RequestedMcp;
  /** By the keys of steps, preceded by those of the enclosing steps. Only in development. Absent: agents are as their authors wrote them. */
  readonly overrides?: Readonly<Record<string, AgentOverride>>;
}
