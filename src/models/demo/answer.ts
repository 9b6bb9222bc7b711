import type { ModelParameters } from '../chat-model.js';
import type { Message } from '../message.js';
import { type Conversation, readConversation } from './conversation.js';
import { type Reply, chooseReply, SUM } from './reply.js';
import { type Choices, makeInstance } from './schema/index.js';
import { asObject, chooseTools, type Tool } from './tool-choice.js';
import { Evidence, findKeywords, splitName } from './words.js';

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

const REPLY = /(?:reply|answer|response)$|^(?:message|content|text|output|result|)$/;
const THOUGHT = /(?:thinking|reasoning|thoughts?|analysis|rationale|reflection)$/;
const SUMMARY = /(?:summary|description|explanation|details?|notes?|comments?|body|reason)$/;
const WHOLE_MESSAGE = /^(?:query|question|prompt|input|text|message|body|content|request)$/;
const NUMBER = /(?<![\w.-])-?\d{1,15}(?:\.\d{1,6})?(?![\w-])/g;
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/;
/** Names are written with a capital where no sentence begins. */
const PROPER_NAME = /(?<=[\p{L}\p{N},] )\p{Lu}[\p{L}\p{M}'’-]{1,30}(?: \p{Lu}[\p{L}\p{M}'’-]{1,30}){0,2}/u;

/**
 * Decides what to answer, and in which form: `tools` and `tool_choice` first, then `response_format`.
 *
 * @throws UpstreamError (400) if no instance of a JSON schema in them can be made
 */
export function composeAnswer(messages: readonly Message[], parameters: ModelParameters): Answer {
  const conversation = readConversation(messages);
  const tools = chooseTools(parameters, conversation.message, conversation.results.length > 0);
  if (tools.length > 0) return { type: 'tool-calls', calls: tools.map((tool, i) => callTool(tool, i, conversation)) };
  const reply = chooseReply(conversation);
  const format = asObject(parameters.response_format);
  const schema = asObject(format?.json_schema)?.schema;
  if (format?.type !== 'json_schema' || schema === undefined) {
    return {
      type: 'text',
      text: format?.type?.toString().startsWith('json') ? JSON.stringify({ reply: reply.text }) : reply.text,
    };
  }
  const choices = chooseBy(conversation, (name) => textFor(name, reply));
  return { type: 'text', text: makeInstance({ schema, choices, param: 'response_format' }) };
}

function callTool({ kind, name, schema }: Tool, index: number, conversation: Conversation): ToolCall {
  const { message, callCount } = conversation;
  const call = { id: `call_demo_${callCount + index + 1}`, kind, name };
  if (kind === 'custom') return { ...call, input: message };
  // The name of the tool is the request, not its subject.
  const rest = message.replaceAll(name, ' ');
  const choices = chooseBy(
    { ...conversation, message: rest },
    (property) =>
      property === 'expression'
        ? (SUM.exec(message)?.[0] ?? message)
        : WHOLE_MESSAGE.test(property)
          ? message
          : undefined,
    name,
  );
  return { ...call, input: makeInstance({ schema, choices, param: 'tools' }) };
}

function textFor(name: string, { text, noticed }: Reply): string | undefined {
  if (REPLY.test(name)) return text;
  if (THOUGHT.test(name)) return noticed;
  return SUMMARY.test(name) ? (/^[^\n]{12,}?[.!?](?=\s|$)/.exec(text)?.[0] ?? text) : undefined;
}

/** Choices by the words of the newest message. `known` has the text of properties whose name says what belongs there. */
function chooseBy(conversation: Conversation, known: (name: string) => string | undefined, toolName = ''): Choices {
  const { message } = conversation;
  const evidence = new Evidence(message);
  const done = new Set(findKeywords(splitName(toolName).toLowerCase(), 9));
  const email = EMAIL.exec(message)?.[0];
  const keywords = findKeywords(message.replace(email ?? '', ' '), 50).filter((word) => !done.has(word.toLowerCase()));
  const topic = keywords.slice(0, 3).join(' ') || 'demo';
  return {
    numbers: (message.match(NUMBER) ?? []).map(Number),
    isTrue: ({ name, description }) => evidence.supports(name, description),
    rank: (options) => evidence.rank(options).map(({ index }) => index),
    writeText: ({ name, description, index }) => {
      const text = known(name.toLowerCase().replace(/[^a-z]/g, ''));
      if (index !== undefined) return keywords[index] ?? `${text ?? topic} ${index + 1}`;
      if (text !== undefined) return text;
      if (/question/i.test(description)) return `What are the ${splitName(name)} of ${topic}?`;
      if (/mail|recipient/i.test(name) || (name === 'to' && email !== undefined)) return email ?? 'ada@example.com';
      const isName = toolName !== '' || /^(?:user|customer|first)?_?name$/i.test(name);
      return (isName ? PROPER_NAME.exec(message)?.[0] : undefined) ?? topic;
    },
  };
}
