import type { Message } from '../../message.js';

/** The form of messages that a server takes. */
export interface MessageForm {
  /** Whether a field of a message is sent. */
  readonly keeps: (field: string, role: Message['role']) => boolean;
  /** Whether the server knows the role `developer`, OpenAI's newer name of `system`. */
  readonly developer: boolean;
  /** True if messages are rearranged so that chat templates take them; false if they are sent one for one. */
  readonly isArranged: boolean;
  /** Whether system messages may also come later. Counts only if messages are arranged. */
  readonly systemAnywhere: boolean;
}

/** Fields of completions that requests must not hold, because OpenAI refuses unknown fields. */
const COMPLETION_FIELDS = new Set([
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'annotations',
  'images',
  'millrace',
]);
/** `prefix` (DeepSeek) and `partial` (Kimi, Qwen) ask for a completion that continues this message. */
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
/** OpenAI's form: as the client sent them, without fields of completions. */
export const OPENAI_MESSAGES: MessageForm = {
  keeps: (field) => !COMPLETION_FIELDS.has(field),
  developer: true,
  isArranged: false,
  systemAnywhere: true,
};

/** The form that every server takes, whatever the template of its model. */
export const PLAIN_MESSAGES: MessageForm = {
  keeps: (field) => PLAIN_FIELDS.has(field),
  developer: false,
  isArranged: true,
  systemAnywhere: false,
};
