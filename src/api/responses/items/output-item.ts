import type { JsonObject } from '../../../kernel/index.js';

/** Whether an item is open, whole, or was cut by a limit, a failure or a cancellation. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** The phase of a message in an output of several: commentary on the way, or the final answer. */
export type Phase = 'commentary' | 'final_answer';

interface ItemBase extends JsonObject {
  /** The prefix of its type and 48 hex digits. */
  readonly id: string;
  readonly status: ItemStatus;
  /** Its step. Absent unless the client asked for node events. */
  readonly millrace?: { readonly node: string };
}

/** Text in a message. */
export interface OutputText {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly JsonObject[];
  readonly logprobs: readonly JsonObject[];
}

/** A refusal of the model. */
export interface OutputRefusal {
  readonly type: 'refusal';
  readonly refusal: string;
}

export interface MessageItem extends ItemBase {
  readonly type: 'message';
  readonly role: 'assistant';
  readonly content: readonly (OutputText | OutputRefusal)[];
  readonly phase?: Phase;
}

export interface ReasoningItem extends ItemBase {
  readonly type: 'reasoning';
  readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[];
}

export interface FunctionCallItem extends ItemBase {
  readonly type: 'function_call';
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface CustomToolCallItem extends ItemBase {
  readonly type: 'custom_tool_call';
  readonly call_id: string;
  readonly name: string;
  readonly input: string;
}

/** The item that lists the tools of a server. Missing fields are left out: clients refuse null there. */
export interface McpListItem extends Omit<ItemBase, 'status'>, JsonObject {
  readonly type: 'mcp_list_tools';
  readonly server_label: string;
  readonly tools: readonly JsonObject[];
  readonly error?: string;
}

/** The item of a call that the server of a tool has answered or failed. */
export interface McpCallItem extends Omit<ItemBase, 'status'>, JsonObject {
  readonly type: 'mcp_call';
  readonly status: ItemStatus | 'failed';
  readonly approval_request_id: string | null;
  readonly server_label: string;
  readonly name: string;
  readonly arguments: string;
  readonly output: string | null;
  readonly error: JsonObject | null;
}

/** A call that is made only if the client approves it. */
export interface McpApprovalItem extends Omit<ItemBase, 'status'>, JsonObject {
  readonly type: 'mcp_approval_request';
  readonly server_label: string;
  readonly name: string;
  readonly arguments: string;
}

/** One thing that a response consists of, as plain JSON. */
export type OutputItem =
  MessageItem | ReasoningItem | FunctionCallItem | CustomToolCallItem | McpListItem | McpCallItem | McpApprovalItem;
