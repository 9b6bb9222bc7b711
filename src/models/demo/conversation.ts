import type { Message } from '../message.js';

/** How much of each message the demo reads, in UTF-16 code units. It bounds the work for each message. */
const READ_LIMIT = 8000;

/** The parts of a conversation that the demo reads. */
export interface DemoConversation {
  /** The newest text of the user; empty if there is none. */
  readonly message: string;
  /** True if the user's newest message holds an image, a recording or a file. */
  readonly hasAttachment: boolean;
  /** Results of tools after the last message with another role. */
  readonly results: readonly { readonly tool: string; readonly text: string }[];
  /** Number of tool calls so far. */
  readonly callCount: number;
}

/** Reads the messages of a request. */
export function readDemoConversation(messages: readonly Message[]): DemoConversation {
  const newest = messages.findLast(({ role }) => role === 'user');
  const calls = messages.flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : []));
  const names = new Map(
    calls.map((call) => [call.id, call.type === 'function' ? call.function.name : call.custom.name]),
  );
  const newestResults = messages.slice(messages.findLastIndex(({ role }) => role !== 'tool') + 1);
  return {
    message: newest === undefined ? '' : readText(newest),
    hasAttachment: Array.isArray(newest?.content) && newest.content.some(({ type }) => type !== 'text'),
    results: newestResults
      .filter((message) => message.role === 'tool')
      .map((result) => ({ tool: names.get(result.tool_call_id) ?? 'The tool', text: readText(result) })),
    callCount: calls.length,
  };
}

function readText({ content }: Message): string {
  const parts = typeof content === 'string' ? [content] : (content ?? []).map((part) => 'text' in part && part.text);
  const text = parts.filter(Boolean).join('\n').slice(0, READ_LIMIT);
  // Half a character at the end is dropped.
  return text.replace(/\p{Cs}$/u, '').trim();
}
