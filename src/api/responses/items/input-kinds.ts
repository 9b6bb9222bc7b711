import { isPresent, type JsonObject } from '../../../kernel/index.js';
import type { ITEM_TYPES } from '../dto/index.js';

/** The kind of an item: a message, one of the other known items, or a receipt of a tool that others run. */
export type InputKind = 'message' | keyof typeof ITEM_TYPES | 'receipt';

const READ: ReadonlySet<string> = new Set<Exclude<InputKind, 'receipt'>>([
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'reasoning',
  'item_reference',
  'mcp_list_tools',
  'mcp_call',
  'mcp_approval_request',
  'mcp_approval_response',
]);

/** Items of OpenAI's own tools and services, which this server does not have. */
const RECEIPT =
  /^(?:(?:web_search|file_search|code_interpreter|image_generation)_call|additional_tools|configuration_update|(?:computer|mcp|local_shell|shell|apply_patch|tool_search)_\w+|(?:program|compaction)(?:_\w+)?)$/;

/** The types that a client may send, for messages. */
export const KNOWN_TYPES: readonly string[] = [...READ];

/**
 * Finds the kind of an item. Its type may be absent or null: with a role it is then a message, and with only an id a
 * reference.
 * @returns undefined if the kind is unknown
 */
export function findKind({ type, role, id }: JsonObject): InputKind | undefined {
  if (!isPresent(type)) {
    if (isPresent(role)) return 'message';
    return typeof id === 'string' ? 'item_reference' : undefined;
  }
  if (typeof type !== 'string') return undefined;
  if (READ.has(type)) return type as InputKind;
  return type.length <= 64 && RECEIPT.test(type) ? 'receipt' : undefined;
}

/**
 * Cut-off items are no part of a conversation: a call, which no tool can have answered, and a message whose text is
 * void because its step began again.
 */
export function isCutOff(item: JsonObject): boolean {
  if (item['status'] !== 'incomplete') return false;
  const { type, content } = item;
  if (type === 'message') return Array.isArray(content) && content.length === 0;
  return type === 'function_call' || type === 'custom_tool_call';
}
