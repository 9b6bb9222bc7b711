import type { CallToolResult, InputRequiredResult, JSONRPCNotification } from '@modelcontextprotocol/server';
import type { AbortNotice, JsonObject } from '../../../kernel/index.js';
import type { WorkflowTool } from '../tools/tool-catalog.service.js';

/** What a call of a tool is answered with: its result, or what the client has to ask its user first. */
export type ToolAnswer = CallToolResult | InputRequiredResult;

/** A notification that goes out before the answer. */
export type SentNotification = Pick<JSONRPCNotification, 'method' | 'params'>;

/** A call of a tool, by whatever way it came. */
export interface ToolCall {
  readonly tool: WorkflowTool;
  readonly args: JsonObject;
  /** Aborts when the client leaves or cancels the call. */
  readonly signal: AbortNotice;
  /** True if the client can ask its user for what a workflow waits for. */
  readonly canElicit: boolean;
  /** Of the client's making; undefined: it wants no news of the call. */
  readonly progressToken: string | number | undefined;
  readonly notify: (notification: SentNotification) => void;
  /** What its client says when it asks again, after it was told what is waited for. Undefined: the call begins. */
  readonly answers: GivenAnswers | undefined;
}

/** What a client says of what it was to ask its user. */
export interface GivenAnswers {
  /** What the server gave it to tell the call by. Whoever sends it may have made it up. */
  readonly state: string;
  /** By the names of waits. */
  readonly responses: JsonObject;
}
