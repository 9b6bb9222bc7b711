import type { Message } from '../../message.js';

/** How a server wants the messages of a conversation. */
export interface MessageForm {
  /** Whether a field of a message is sent. */
  readonly keeps: (field: string, role: Message['role']) => boolean;
  /** Whether the role `developer`, OpenAI's newer name of `system`, is known. */
  readonly developer: boolean;
  /** False: messages are sent one for one. True: they are {@link arrange}d so that chat templates take them. */
  readonly isArranged: boolean;
  /** Whether system messages may also stand further on. Counts only where messages are arranged. */
  readonly systemAnywhere: boolean;
}

/** What completions hold and requests must not: OpenAI refuses what it does not know. */
const OF_ANSWERS = new Set([
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'annotations',
  'images',
  'millrace',
]);
/** `prefix` (DeepSeek) and `partial` (Kimi, Qwen) ask for a completion that goes on with this message. */
const PLAIN_FIELDS = new Set([
  'role',
  'content',
  'name',
  'tool_calls',
  'tool_call_id',
  'function_call',
  'audio',
  'prefix',
  'partial',
]);
/** OpenAI's own: as the client wrote them, without what only completions hold. */
export const OPENAI_MESSAGES: MessageForm = {
  keeps: (field) => !OF_ANSWERS.has(field),
  developer: true,
  isArranged: false,
  systemAnywhere: true,
};

/** What every server takes, whatever the template of its model allows. */
export const PLAIN_MESSAGES: MessageForm = {
  keeps: (field) => PLAIN_FIELDS.has(field),
  developer: false,
  isArranged: true,
  systemAnywhere: false,
};
