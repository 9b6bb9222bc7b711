import { createHash } from 'node:crypto';
import type { Message } from '../../protocol/index.js';
import type { ModelParameters } from '../chat-model.js';
import { readConversation, replyTo, type Conversation } from './conversation/index.js';
import { asObject } from './json.js';
import { makeInstance } from './schema/index.js';
import { textsOf } from './structured-text.js';
import { toolsToCall, type Tool } from './tool-choice.js';

/** A whole call of one of the client's tools. */
export interface ToolCall {
  readonly id: string;
  readonly kind: 'function' | 'custom';
  readonly name: string;
  /** Arguments as JSON, or the text for a custom tool. */
  readonly input: string;
}

/** What the demo answers, before the request's limits are applied. */
export type Answer =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool-calls'; readonly calls: readonly ToolCall[] };

/**
 * Decides what to answer, and in which form: `tools` and `tool_choice` first, then `response_format`.
 *
 * @throws UpstreamError (400) if no instance of a JSON schema in them can be made
 */
export async function composeAnswer(messages: readonly Message[], parameters: ModelParameters): Promise<Answer> {
  const conversation = readConversation(messages);
  const isAnswerDue = conversation.turns.at(-1)?.role === 'tool';
  const tools = toolsToCall(parameters, conversation.message.text, isAnswerDue);
  if (tools.length > 0) {
    const earlier = conversation.turns.reduce((count, { calls }) => count + calls.size, 0);
    const calls = tools.map((tool, index) => callOf(tool, earlier + index + 1, tools, conversation));
    return { type: 'tool-calls', calls: await Promise.all(calls) };
  }
  return { type: 'text', text: await textOf(conversation, parameters) };
}

async function textOf(conversation: Conversation, { response_format }: ModelParameters): Promise<string> {
  const reply = replyTo(conversation);
  const format = asObject(response_format);
  const schema = asObject(format?.json_schema)?.schema;
  if (format?.type === 'json_schema' && schema !== undefined) {
    const textFor = textsOf(reply, conversation, conversation.message.text);
    return makeInstance({ schema, seed: seedOf(conversation), textFor, param: 'response_format' });
  }
  return format?.type === 'json_schema' || format?.type === 'json_object'
    ? JSON.stringify({ reply: reply.text })
    : reply.text;
}

async function callOf(
  { kind, name, schema }: Tool,
  number: number,
  tools: readonly Tool[],
  conversation: Conversation,
): Promise<ToolCall> {
  const { text } = conversation.message;
  const id = `call_demo_${number}`;
  if (kind === 'custom') return { id, kind, name, input: text };
  // The names of the tools are the request, not its subject.
  const subject = tools.reduce((rest, tool) => rest.replaceAll(tool.name, ' '), text);
  const textFor = textsOf(replyTo(conversation), conversation, subject);
  return {
    id,
    kind,
    name,
    input: await makeInstance({ schema, seed: seedOf(conversation) + number, textFor, param: 'tools' }),
  };
}

function seedOf({ turns, message }: Conversation): number {
  return createHash('sha256').update(`${turns.length} ${message.text}`).digest().readUInt32LE();
}
