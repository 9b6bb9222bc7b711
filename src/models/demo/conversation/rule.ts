import type { Conversation } from './conversation.js';

/** What the demo answers to a message, and why. */
export interface Reply {
  readonly text: string;
  /** What the rule noticed, as sentences that end with a full stop: the "thinking" of structured answers. */
  readonly noticed: string;
  /** True if the words themselves are the answer, as of an echo: then they are not shortened. */
  readonly verbatim?: boolean;
}

/** Answers a kind of message, and no other. Pure: the same conversation always gives the same reply. */
export type Rule = (conversation: Conversation) => Reply | undefined;

/** Says the truth about who answers; part of every first greeting. */
export const NOTICE = "I am Millrace's offline demo, not a language model; set OPENAI_API_KEY to talk to a real one.";

/** One of several wordings: the next one with every message of the user, so that a conversation does not repeat itself. */
export function vary(conversation: Conversation, ...wordings: readonly [string, ...string[]]): string {
  const count = conversation.earlier.filter(({ role }) => role === 'user').length;
  return wordings[count % wordings.length] ?? wordings[0];
}
