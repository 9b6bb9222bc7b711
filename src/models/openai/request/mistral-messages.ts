import type { Message } from '../../../protocol/index.js';
import type { RequestRule } from '../capabilities.js';

const FIELDS: Readonly<Partial<Record<Message['role'], readonly string[]>>> = {
  system: ['role', 'content'],
  user: ['role', 'content'],
  assistant: ['role', 'content', 'tool_calls', 'prefix'],
  tool: ['role', 'content', 'tool_call_id', 'name'],
};

/**
 * Mistral answers 422 (`extra_forbidden`) for any field of a message that it does not know, such as a user's `name` or
 * the `refusal: null` that OpenAI clients send back.
 */
export const mistralMessages: RequestRule = (call) => ({
  ...call,
  messages: call.messages.map((message) => {
    const known = FIELDS[message.role];
    if (known === undefined || Object.keys(message).every((field) => known.includes(field))) return message;
    return Object.fromEntries(Object.entries(message).filter(([field]) => known.includes(field))) as object as Message;
  }),
});
