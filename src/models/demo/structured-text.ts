import { factsIn, firstSentence, keywordsOf, topicOf, type Conversation, type Reply } from './conversation/index.js';
import type { TextFor } from './schema/index.js';

const REPLY = /(?:reply|answer|response)$|^(?:message|content|text|output|result)$/;
const THOUGHT = /(?:thinking|reasoning|thoughts?|analysis|rationale|reflection)$/;
const SUMMARY = /(?:summary|description|explanation|details?|notes?|comments?|body|reason)$/;
const INDEX = /^\d+$/;

/** The text of one kind of property. */
interface Wording {
  readonly whole: string;
  /** For the items of a list, which have to differ as far as there are words for it. */
  readonly parts: readonly string[];
}

/**
 * Gives each string of a structured answer its text, by the name of its property: the reply, how it came about, a short
 * form of it, what the user has told under that name, or a few words about the subject of the message.
 *
 * @param subject the part of the message that says what it is about
 */
export function textsOf({ text, noticed }: Reply, { turns }: Conversation, subject: string): TextFor {
  const sentences = sentencesOf(text);
  const topic: Wording = { whole: topicOf(subject) || 'demo', parts: keywordsOf(subject, 50) };
  const facts = new Map([...factsIn(turns)].map(([key, value]) => [lettersOf(key), { whole: value, parts: [] }]));
  const wordingFor = (name: string): Wording => {
    if (REPLY.test(name)) return { whole: text, parts: sentences };
    if (THOUGHT.test(name)) return { whole: noticed, parts: sentencesOf(noticed) };
    if (SUMMARY.test(name)) return { whole: firstSentence(text), parts: sentences };
    return facts.get(name) ?? topic;
  };
  return (path) => {
    const { whole, parts } = wordingFor(lettersOf(path.findLast((segment) => !INDEX.test(segment)) ?? 'reply'));
    const index = path.findLast((segment) => INDEX.test(segment));
    if (index === undefined) return whole;
    return parts[Number(index)] ?? (index === path.at(-1) ? `${topic.whole} ${Number(index) + 1}` : whole);
  };
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, '');
}

function sentencesOf(text: string): string[] {
  return text.match(/[^.!?]+[.!?]+["”]?\s*/g)?.map((sentence) => sentence.trim()) ?? [text];
}
