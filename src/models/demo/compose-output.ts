import type { ModelParameters } from '../chat-model.js';
import type { Message } from '../message.js';
import { chooseByWords } from './choices.js';
import { type DemoConversation, readDemoConversation } from './conversation.js';
import { chooseReply, SUM } from './reply.js';
import { readObject } from './schema-check.js';
import { makeValue } from './schema-value.js';
import { chooseTools, type OfferedTool } from './tool-choice.js';

/** A complete call of one of the client's tools. */
export interface ComposedCall {
  readonly id: string;
  readonly kind: 'function' | 'custom';
  readonly name: string;
  /** JSON arguments, or the text for a custom tool. */
  readonly input: string;
}

const REPLY = /(?:reply|answer|response|summary|description|explanation|^(?:message|content|text|output|body|))$/;
const THOUGHT = /(?:thinking|reasoning|thoughts?|analysis|rationale|reflection)$/;
const NO_THOUGHT = 'I never think: I have a rule for each kind of message.';
const WHOLE_MESSAGE = /^(?:query|question|prompt|input|text|message|body|content|request)$/;

/**
 * Composes the output before limits are applied: tool calls by `tools` and `tool_choice`, or a text by `response_format`.
 *
 * @throws UpstreamError (400) if no value can be made for a JSON schema in them
 */
export function composeOutput(
  messages: readonly Message[],
  parameters: ModelParameters,
): string | readonly ComposedCall[] {
  const conversation = readDemoConversation(messages);
  const tools = chooseTools(parameters, conversation.message, conversation.results.length > 0);
  if (tools.length > 0) return tools.map((tool, index) => composeCall(tool, index, conversation));
  const reply = chooseReply(conversation);
  const { type, json_schema } = readObject(parameters.response_format);
  const { schema } = readObject(json_schema);
  if (type !== 'json_object' && type !== 'json_schema') return reply;
  if (type === 'json_object' || schema === undefined) return JSON.stringify({ reply });
  const findText = (name: string) => (REPLY.test(name) ? reply : THOUGHT.test(name) ? NO_THOUGHT : undefined);
  const choices = chooseByWords(conversation.message, findText);
  return makeValue(schema, choices, 'response_format');
}

function composeCall(
  { kind, name, schema }: OfferedTool,
  index: number,
  { message, callCount }: DemoConversation,
): ComposedCall {
  const call = { id: `call_demo_${callCount + index + 1}`, kind, name };
  if (kind === 'custom') return { ...call, input: message };
  const sum = SUM.exec(message)?.[0] ?? message;
  const findInput = (property: string): string | undefined =>
    property === 'expression' ? sum : WHOLE_MESSAGE.test(property) ? message : undefined;
  // The name of the tool says what to do, and is not a part of the subject.
  const choices = chooseByWords(message.replaceAll(name, ' '), findInput, name);
  return { ...call, input: makeValue(schema, choices, 'tools') };
}
