import { firstSentence, keywordsOf, topicOf, type Reply } from './conversation/index.js';
import type { TextFor } from './schema/index.js';

const REPLIES = new Set(['reply', 'answer', 'response', 'message', 'content', 'text', 'output']);
const THOUGHTS = new Set(['thinking', 'reasoning', 'thought', 'thoughts', 'analysis', 'rationale', 'reflection']);
const SUMMARIES = new Set([
  'summary',
  'description',
  'explanation',
  'details',
  'note',
  'notes',
  'comment',
  'body',
  'reason',
]);

/**
 * Gives each string of a structured answer its text, by the name of its property: the reply, how it came about, a short
 * form of it, or a few words about the subject of the message.
 */
export function textsOf({ text, noticed }: Reply, message: string): TextFor {
  const keywords = keywordsOf(message, 50);
  const topic = topicOf(message) || 'demo';
  return (path) => {
    const index = /^\d+$/.test(path.at(-1) ?? '') ? Number(path.at(-1)) : undefined;
    const name = (path.findLast((segment) => !/^\d+$/.test(segment)) ?? 'reply').toLowerCase().replace(/[^a-z]/g, '');
    const whole = REPLIES.has(name)
      ? text
      : THOUGHTS.has(name)
        ? noticed
        : SUMMARIES.has(name)
          ? firstSentence(text)
          : undefined;
    if (index === undefined) return whole ?? topic;
    // Items of one list have to differ, as far as there are words for it.
    if (whole !== undefined) return sentencesOf(whole)[index] ?? `${topic}, part ${index + 1}`;
    return keywords[index] ?? `${topic} ${index + 1}`;
  };
}

function sentencesOf(text: string): string[] {
  return text.match(/[^.!?]+[.!?]+["”]?\s*/g)?.map((sentence) => sentence.trim()) ?? [text];
}
