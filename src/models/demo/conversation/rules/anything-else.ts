import type { Conversation } from '../conversation.js';
import { counted, listing, quote } from '../quotation.js';
import { NOTICE, vary, type Reply } from '../rule.js';
import { keywordsOf } from '../topic.js';

const MOST_KEYWORDS = 4;
/** From this length on, in characters, the demo says how long the message was. */
const LONG_MESSAGE = 1000;

/** Answers what no rule knows: with the words of the message, its place in the conversation, and the truth about the demo. */
export function anythingElse(conversation: Conversation): Reply {
  const { message, earlier } = conversation;
  if (message.text === '') return silence(conversation);
  const keywords = keywordsOf(message.text, MOST_KEYWORDS);
  const subject = keywords.length === 0 ? quote(message.text, 60) : listing(keywords.map((word) => `“${word}”`));
  const asks = message.text.endsWith('?');
  const opening = `${asks ? 'You ask about' : 'You mention'} ${subject}.`;
  const isFirst = earlier.every(({ role }) => role !== 'assistant');
  const limits = isFirst
    ? NOTICE
    : vary(
        conversation,
        'As the demo I know nothing about that, and I would rather say so than invent something.',
        'That is beyond my rules: a real model could say more about it.',
      );
  const offer = vary(
    conversation,
    `I can tell you a story about ${keywords[0] ?? 'it'}, write a haiku, calculate, count, or remember what you tell me.`,
    `Shall I write a haiku about ${keywords[0] ?? 'it'}, or would you rather hear what a workflow is?`,
    'Try “count to 20”, “what is 12 * 7” or “what did I ask first”.',
  );
  return {
    text: [opening, size(conversation), connection(conversation, keywords), limits, offer]
      .filter((part) => part !== '')
      .join(' '),
    noticed: `The message is about ${subject}, and none of my rules knows more about that, so I answer in general.`,
  };
}

function silence({ earlier }: Conversation): Reply {
  return {
    text: `Your message has no text that I can read. ${earlier.length === 0 ? NOTICE : 'Write me a few words, and I will answer them.'}`,
    noticed: 'The message has no text, so there is nothing to answer.',
  };
}

function size({ message }: Conversation): string {
  return message.length < LONG_MESSAGE ? '' : `That was a long message, ${counted(message.length, 'character')}.`;
}

function connection({ earlier }: Conversation, keywords: readonly string[]): string {
  const before = earlier.findLast(({ role, text }) => role === 'user' && text !== '');
  if (before === undefined) return '';
  const known = new Set(keywordsOf(before.text, 50).map((word) => word.toLowerCase()));
  const shared = keywords.find((word) => known.has(word.toLowerCase()));
  return shared === undefined
    ? `Before that you wrote ${quote(before.text, 60)}.`
    : `We are still with “${shared}”, as in your message before.`;
}
