import { isJsonObject, isPresent } from '../../../kernel/index.js';
import type { Message } from '../../message.js';
import type { MessageForm } from './message-form.js';

/** Stands in for an empty text, which a server would refuse. */
const EMPTY = '(empty)';
const BLANK_LINE = '\n\n';

/** A message of any role while it is written. */
interface UnfinishedMessage {
  readonly role: Message['role'];
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

interface SpokenOutput {
  readonly id?: unknown;
  readonly transcript?: unknown;
}

interface WrittenCall {
  readonly function?: { readonly arguments?: unknown } | null;
}

interface ContentPart {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly refusal?: unknown;
}

/**
 * Writes a conversation in the form that a server takes. Messages that need no change stay the same objects.
 * @param returnsReasoning whether reasoning is sent back with the tool calls after it
 */
export function writeMessages(
  messages: readonly Message[],
  form: MessageForm,
  returnsReasoning: boolean,
): readonly Message[] {
  const drafts = (messages as readonly object[] as readonly UnfinishedMessage[]).map((message) => {
    const named = message.role === 'developer' && !form.developer ? { ...message, role: 'system' as const } : message;
    return keepKnownFields(writeSpokenOutput(named, form), form, returnsReasoning);
  });
  return (form.isArranged ? arrangeMessages(drafts, form) : drafts) as readonly object[] as readonly Message[];
}

function keepKnownFields(message: UnfinishedMessage, form: MessageForm, returnsReasoning: boolean): UnfinishedMessage {
  const { role } = message;
  const keepsReasoning = returnsReasoning && hasToolCalls(message);
  const isKept = (field: string): boolean =>
    form.keeps(field, role) || (keepsReasoning && field === 'reasoning_content');
  const fields = Object.keys(message);
  const draft = fields.every(isKept)
    ? message
    : (Object.fromEntries(Object.entries(message).filter(([field]) => isKept(field))) as object as UnfinishedMessage);
  return form.isArranged ? writePlainContent(draft, message) : draft;
}

/** Writes earlier audio output: a request takes only its id. A server that does not know the field gets the transcript. */
function writeSpokenOutput(message: UnfinishedMessage, form: MessageForm): UnfinishedMessage {
  const { audio, ...rest } = message;
  if (audio === undefined) return message;
  const { id, transcript } = isJsonObject(audio) ? (audio as SpokenOutput) : {};
  if (typeof id === 'string' && id !== '' && form.keeps('audio', message.role)) return { ...rest, audio: { id } };
  const isEmpty = !isPresent(message.content) || message.content === '';
  return isEmpty && typeof transcript === 'string' ? { ...rest, content: transcript } : rest;
}

/** Removes nulls, refusals and empty texts that servers may not accept. */
function writePlainContent(draft: UnfinishedMessage, { refusal }: UnfinishedMessage): UnfinishedMessage {
  const { content } = draft;
  const without = ['name', 'tool_calls', 'function_call', 'reasoning_content'].filter((field) =>
    isNullOrEmpty(draft[field]),
  );
  const plain = fillArguments(without.length === 0 ? draft : dropFields(draft, without));
  if (draft.role === 'tool') return content === '' || content === null ? { ...plain, content: EMPTY } : plain;
  if (draft.role !== 'assistant') return plain;
  if (Array.isArray(content) && content.some((part: ContentPart | null) => part?.type === 'refusal')) {
    return {
      ...plain,
      content: content.map((part: ContentPart | null) => (part?.type === 'refusal' ? toTextPart(part) : part)),
    };
  }
  const isEmpty = !isPresent(content) || content === '';
  return isEmpty && typeof refusal === 'string' && refusal !== '' ? { ...plain, content: refusal } : plain;
}

function isNullOrEmpty(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/** Fills empty arguments, because templates parse them and fail at an empty text. */
function fillArguments(draft: UnfinishedMessage): UnfinishedMessage {
  const calls = draft['tool_calls'];
  if (!Array.isArray(calls) || !calls.some(lacksArguments)) return draft;
  const written = calls.map((call: WrittenCall | null) =>
    lacksArguments(call) ? { ...call, function: { ...call?.function, arguments: '{}' } } : call,
  );
  return { ...draft, tool_calls: written };
}

function lacksArguments(call: WrittenCall | null): boolean {
  return call?.function?.arguments === '';
}

function toTextPart({ refusal }: ContentPart): ContentPart {
  return { type: 'text', text: refusal };
}

/**
 * Rearranges messages for chat templates, many of which take one system message at the beginning, and then user and assistant
 * in turn:
 * - system messages at the beginning are joined, and later ones become user messages;
 * - empty assistant and system messages are dropped;
 * - neighbouring messages of one role are joined.
 */
function arrangeMessages(
  drafts: readonly UnfinishedMessage[],
  { systemAnywhere }: MessageForm,
): readonly UnfinishedMessage[] {
  const arranged: UnfinishedMessage[] = [];
  for (const draft of drafts) {
    const last = arranged.at(-1);
    const isFirst = last === undefined || (isSystem(last) && arranged.length === 1);
    const placed = isSystem(draft) && !isFirst && !systemAnywhere ? { ...draft, role: 'user' as const } : draft;
    if (isEmptyMessage(placed) || (isSystem(placed) && placed.content === '' && drafts.length > 1)) continue;
    if (last !== undefined && canBeJoined(last, placed, isFirst))
      arranged[arranged.length - 1] = joinMessages(last, placed);
    else arranged.push(placed);
  }
  return arranged;
}

function isEmptyMessage(draft: UnfinishedMessage): boolean {
  const { role, content } = draft;
  if (
    role !== 'assistant' ||
    hasToolCalls(draft) ||
    isJsonObject(draft['function_call']) ||
    isJsonObject(draft['audio'])
  ) {
    return false;
  }
  return content === '' || !isPresent(content);
}

/**
 * Whether two messages can be joined without loss: only if they consist of role and text. The name of a system message does
 * not count.
 */
function canBeJoined(first: UnfinishedMessage, second: UnfinishedMessage, isBeginning: boolean): boolean {
  if (isSystem(first) && isSystem(second)) return isBeginning && isTextual(first.content) && isTextual(second.content);
  if (first.role !== second.role || !isTextual(first.content) || !isTextual(second.content)) return false;
  if (first.role !== 'user' && first.role !== 'assistant') return false;
  return hasOnlyContent(first) && hasOnlyContent(second) && first['name'] === second['name'];
}

function isSystem({ role }: UnfinishedMessage): boolean {
  return role === 'system' || role === 'developer';
}

function hasOnlyContent(draft: UnfinishedMessage): boolean {
  return Object.keys(draft).every((field) => field === 'role' || field === 'content' || field === 'name');
}

function isTextual(content: unknown): boolean {
  return typeof content === 'string' || Array.isArray(content);
}

function joinMessages(first: UnfinishedMessage, second: UnfinishedMessage): UnfinishedMessage {
  const texts = [readText(first.content), readText(second.content)];
  const content = texts.every((text) => text !== undefined)
    ? texts.filter((text) => text !== '').join(BLANK_LINE)
    : [...readParts(first.content), ...readParts(second.content)];
  return { ...first, ...(second.role === 'developer' && { role: second.role }), content };
}

/** Reads the text of a content; undefined if it holds anything else. */
function readText(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  const texts = (content as readonly (ContentPart | null)[]).map((part) =>
    isJsonObject(part) && Object.keys(part).length === 2 && part.type === 'text' && typeof part.text === 'string'
      ? part.text
      : undefined,
  );
  return texts.every((text) => text !== undefined) ? texts.join(BLANK_LINE) : undefined;
}

function readParts(content: unknown): readonly unknown[] {
  if (typeof content !== 'string') return content as readonly unknown[];
  return content === '' ? [] : [{ type: 'text', text: content }];
}

function hasToolCalls({ tool_calls: calls }: UnfinishedMessage): boolean {
  return Array.isArray(calls) && calls.length > 0;
}

function dropFields(draft: UnfinishedMessage, fields: readonly string[]): UnfinishedMessage {
  return Object.fromEntries(
    Object.entries(draft).filter(([field]) => !fields.includes(field)),
  ) as object as UnfinishedMessage;
}
