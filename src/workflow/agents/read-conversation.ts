import { describeKind } from '../../kernel/index.js';
import type { Message } from '../../models/index.js';

/**
 * Reads the conversation of a step: a text is one message of the user. Code without types can pass anything, and it
 * would reach a provider.
 * @param step the key of the step, for the message; undefined: an agent that runs outside of a workflow
 * @throws Error if it is neither a text nor a list of messages
 */
export function readConversation(messages: unknown, step: string | undefined): readonly Message[] {
  if (typeof messages === 'string') return [{ role: 'user', content: messages }];
  const who = step === undefined ? 'The agent' : `The step "${step}"`;
  if (!Array.isArray(messages)) {
    throw new Error(
      `${who} is given ${describeKind(messages)} as messages, which is neither a text nor a list of messages`,
    );
  }
  const wrong = messages.findIndex((message) => !isMessage(message));
  if (wrong === -1) return messages as readonly Message[];
  throw new Error(
    `${who} is given ${describeKind(messages[wrong])} as message ${wrong + 1} of ${messages.length}, which is not an object with a role`,
  );
}

function isMessage(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Message>).role === 'string';
}
