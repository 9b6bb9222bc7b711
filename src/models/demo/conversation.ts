import type { Message } from '../message.js';
import { readText } from './pieces.js';

/** The demo reads this much of each message, in UTF-16 code units, so that its work is linear in the conversation. */
const READ_LIMIT = 8000;

/** What a tool answered. */
interface ToolResult {
  readonly tool: string;
  readonly text: string;
}

/** A conversation, as far as the demo reads it. */
export interface Conversation {
  /** The newest text of the user; empty if there is none. */
  readonly message: string;
  /** True if the newest message of the user holds an image, a recording or a file. */
  readonly hasAttachment: boolean;
  /** What tools answered since anybody else spoke. */
  readonly results: readonly ToolResult[];
  /** How many tools were called so far. */
  readonly callCount: number;
}

/** Reads the messages of a request. */
export function readConversation(messages: readonly Message[]): Conversation {
  let newest = '';
  const tools = new Map<string, string>();
  let hasAttachment = false;
  let results: ToolResult[] = [];
  let callCount = 0;
  for (const message of messages) {
    const text = cut(readText(message), READ_LIMIT).trim();
    if (message.role === 'tool') results.push({ tool: tools.get(message.tool_call_id) ?? 'The tool', text });
    else if (message.role === 'function') results.push({ tool: message.name, text });
    else results = [];
    if (message.role === 'user') {
      newest = text;
      hasAttachment = Array.isArray(message.content) && message.content.some(({ type }) => type !== 'text');
    } else if (message.role === 'assistant') {
      for (const call of message.tool_calls ?? []) {
        tools.set(call.id, call.type === 'function' ? call.function.name : call.custom.name);
        callCount++;
      }
    }
  }
  return { message: newest, hasAttachment, results, callCount };
}

/** The beginning of a text, at most `limit` UTF-16 code units, without half a character at its end. */
export function cut(text: string, limit: number): string {
  return text.slice(0, (text.charCodeAt(limit - 1) & 0xfc00) === 0xd800 ? limit - 1 : limit);
}
