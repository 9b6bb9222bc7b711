import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../kernel/index.js';
import type { McpFailure } from '../../../streaming/index.js';
import type { EventSequence } from '../response-events.js';
import { GrowingItem, type ItemPlace } from './growing-item.js';
import type { McpCallItem } from './output-item.js';

/** What is known of a call of a tool of an MCP server when it begins. */
export interface McpCallHead {
  readonly server: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
  readonly approval?: string;
}

/** The code of JSON-RPC for errors that a server defines: the failure has none, or one that is not passed on. */
const SERVER_ERROR = -32_000;

/** The item of such a call while it grows. */
export class GrowingMcpCall extends GrowingItem {
  readonly head: McpCallHead;
  #arguments = '';
  #output: string | null = null;
  #error: JsonObject | null = null;

  constructor(head: McpCallHead, place: ItemPlace, events: EventSequence) {
    super('mcp', place, events);
    this.head = head;
    this.announce();
    events.add('response.mcp_call.in_progress', this.placeFields);
    this.#arguments = head.arguments;
    const json = JSON.stringify(this.#arguments);
    events.add('response.mcp_call_arguments.delta', `${this.placeFields},"delta":${json}`);
    events.add('response.mcp_call_arguments.done', `${this.placeFields},"arguments":${json}`);
  }

  override get item(): McpCallItem {
    const { server, name, approval = null } = this.head;
    const { status, ...named } = this.base;
    return {
      ...named,
      type: 'mcp_call',
      status: status === 'completed' && this.#error !== null ? 'failed' : status,
      approval_request_id: approval,
      server_label: server,
      name,
      arguments: this.#arguments,
      output: this.#output,
      error: this.#error,
    };
  }

  end(output: string | undefined, failure: McpFailure | undefined): void {
    this.#output = output ?? null;
    this.#error = encodeFailure(failure);
    this.close('completed');
  }

  /** Whether it has ended in this way. */
  hasEndedWith(output: string | undefined, failure: McpFailure | undefined): boolean {
    return this.#output === (output ?? null) && isDeepStrictEqual(this.#error, encodeFailure(failure));
  }

  protected override clear(): void {
    this.#arguments = '';
    this.#output = null;
  }

  protected override closeParts(status: 'completed' | 'incomplete'): void {
    const ending = status === 'completed' && this.#error === null ? 'completed' : 'failed';
    this.events.add(`response.mcp_call.${ending}`, this.placeFields);
  }
}

/** Whether two calls are the same, except for their ids. */
export function isSameCall(one: McpCallHead, other: McpCallHead): boolean {
  return (
    one.server === other.server &&
    one.name === other.name &&
    one.arguments === other.arguments &&
    one.approval === other.approval
  );
}

function encodeFailure(failure: McpFailure | undefined): JsonObject | null {
  if (failure === undefined) return null;
  const { by, message } = failure;
  return by === 'tool'
    ? { type: 'mcp_tool_execution_error', content: [{ type: 'text', text: message }] }
    : { type: 'mcp_protocol_error', code: SERVER_ERROR, message };
}
