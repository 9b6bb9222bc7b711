import type { CallToolResult, InputRequiredResult, JSONRPCNotification } from '@modelcontextprotocol/server';
import type { AbortNotice, JsonObject } from '../../../kernel/index.js';
import type { WorkflowTool } from '../tools/tool-catalog.service.js';

/** The response to a tool call: its result, or the questions that the client has to ask its user first. */
export type ToolOutcome = CallToolResult | InputRequiredResult;

/** A notification sent before the response. */
type SentNotification = Pick<JSONRPCNotification, 'method' | 'params'>;

/** A tool call over any transport. */
export interface McpToolCall {
  readonly tool: WorkflowTool;
  readonly args: JsonObject;
  /** Aborts when the client leaves or cancels the call. */
  readonly signal: AbortNotice;
  /** True if the client can ask its user for answers. */
  readonly canElicit: boolean;
  /** The client's progress token; undefined if it wants no progress. */
  readonly progressToken: string | number | undefined;
  readonly notify: (notification: SentNotification) => void;
  /** The client's answers when it calls again after questions. Undefined: the call begins. */
  readonly answers: GivenAnswers | undefined;
}

/** A client's answers to the questions for its user. */
export interface GivenAnswers {
  /** The state by which the server recognises the call. A client may have made it up. */
  readonly state: string;
  /** By the names of waits. */
  readonly responses: JsonObject;
}
