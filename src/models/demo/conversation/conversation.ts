import type { Message } from '../../../protocol/index.js';
import { clip } from './quotation.js';

/** The rules read this much of each message, in UTF-16 code units, so that their work is linear in the conversation. */
const READ_LIMIT = 8000;

/** What a message can hold beside text. The demo can name it, but not read it. */
export type Attachment = 'image' | 'audio recording' | 'file';

/** One message, as far as the rules read it. */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'tool';
  /** The beginning of its text, trimmed; text parts are joined by line breaks. */
  readonly text: string;
  /** Length of its whole text, in UTF-16 code units. */
  readonly length: number;
  readonly attachments: readonly Attachment[];
  /** The tools that an assistant called, by the id of the call. */
  readonly calls: ReadonlyMap<string, string>;
  /** The call that a tool answers. */
  readonly callId: string | undefined;
  /** The tool that answers, if the message itself names it. */
  readonly toolName: string | undefined;
}

/** A conversation, as the rules see it. */
export interface Conversation {
  /** What system and developer messages say, joined by line breaks. */
  readonly instructions: string;
  /** The messages of user, assistant and tools, in order. */
  readonly turns: readonly Turn[];
  /** The user's newest message; an empty one if there is none. */
  readonly message: Turn;
  /** The turns before it. */
  readonly earlier: readonly Turn[];
}

const NO_MESSAGE: Turn = {
  role: 'user',
  text: '',
  length: 0,
  attachments: [],
  calls: new Map(),
  callId: undefined,
  toolName: undefined,
};

/** Reads the messages of a request. */
export function readConversation(messages: readonly Message[]): Conversation {
  const instructions: string[] = [];
  const turns: Turn[] = [];
  for (const message of messages) {
    const turn = readTurn(message);
    if (turn === undefined) instructions.push(readText(message).text);
    else turns.push(turn);
  }
  const newest = turns.findLastIndex(({ role }) => role === 'user');
  return {
    instructions: clip(instructions.join('\n'), READ_LIMIT),
    turns,
    message: turns[newest] ?? NO_MESSAGE,
    earlier: turns.slice(0, Math.max(newest, 0)),
  };
}

function readTurn(message: Message): Turn | undefined {
  const turn = { ...readText(message), attachments: readAttachments(message) };
  switch (message.role) {
    case 'system':
    case 'developer':
      return undefined;
    case 'assistant':
      return { ...NO_MESSAGE, ...turn, role: 'assistant', calls: readCalls(message) };
    case 'tool':
      return { ...NO_MESSAGE, ...turn, role: 'tool', callId: message.tool_call_id };
    case 'function':
      return { ...NO_MESSAGE, ...turn, role: 'tool', toolName: message.name };
    case 'user':
    default:
      return { ...NO_MESSAGE, ...turn };
  }
}

function readText({ content }: Message): { text: string; length: number } {
  if (typeof content === 'string') return { text: clip(content, READ_LIMIT).trim(), length: content.length };
  const texts: string[] = [];
  let length = 0;
  for (const part of content ?? []) {
    const text = part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : '';
    if (text === '') continue;
    if (length < READ_LIMIT) texts.push(text);
    length += text.length;
  }
  return { text: clip(texts.join('\n'), READ_LIMIT).trim(), length };
}

function readAttachments({ content }: Message): Attachment[] {
  if (typeof content === 'string') return [];
  const attachments: Attachment[] = [];
  for (const { type } of content ?? []) {
    if (type === 'image_url') attachments.push('image');
    else if (type === 'input_audio') attachments.push('audio recording');
    else if (type === 'file') attachments.push('file');
  }
  return attachments;
}

function readCalls({ tool_calls }: Extract<Message, { role: 'assistant' }>): Map<string, string> {
  return new Map(
    (tool_calls ?? []).map((call) => [call.id, call.type === 'function' ? call.function.name : call.custom.name]),
  );
}
