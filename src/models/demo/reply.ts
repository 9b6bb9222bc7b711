import { type Conversation, cut } from './conversation.js';
import { findKeywords } from './words.js';

/** What the demo answers, and why. */
export interface Reply {
  readonly text: string;
  /** What it noticed, in a sentence: the "thinking" of structured answers. */
  readonly noticed: string;
}

/** Answers one kind of message. */
type Rule = (conversation: Conversation) => Reply | undefined;

const NOTICE = "I am Millrace's offline demo, not a language model; set OPENAI_API_KEY to talk to a real one.";
const MOST_NUMBERS = 1000;

/** A calculation with two numbers. */
export const SUM = /(?<![\w.-])(-?\d{1,12}(?:\.\d{1,6})?)( ?[*×+] ?| [-/÷x] )(-?\d{1,12}(?:\.\d{1,6})?)(?![\w-])/;
const COUNT = /\bcount (?:from (-?\d{1,7}) )?(?:up )?to (-?\d{1,7})\b/i;
const ECHO = /^(?:please )?(?:say|repeat|echo) (.+)$/is;
const ASKS_WHO = /\b(?:who are you|what are you|what can you do|are you an? \w{1,20}|what model)\b/i;
const GREETING = /^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b/i;

/** The first one that knows an answer gives it. */
const RULES: readonly Rule[] = [tellResults, calculate, count, echo, introduce];

/** What the demo says next in a conversation. The same conversation always gives the same reply. */
export function chooseReply(conversation: Conversation): Reply {
  for (const rule of RULES) {
    const reply = rule(conversation);
    if (reply !== undefined) return reply;
  }
  return describeMessage(conversation);
}

function tellResults({ results, message }: Conversation): Reply | undefined {
  if (results.length === 0) return undefined;
  const told = results.slice(0, 8).map(({ tool, text }) => `${tool} answered: ${quote(text, 240)}.`);
  return {
    text: `You asked ${quote(message, 100)}. ${told.join(' ')} I only pass this on: as the demo I draw no conclusions from it.`,
    noticed: 'The tools have answered, so I sum up what came back.',
  };
}

function calculate({ message }: Conversation): Reply | undefined {
  const [sum, left, sign = '', right] = SUM.exec(message) ?? [];
  if (sum === undefined) return undefined;
  const [a, b] = [Number(left), Number(right)];
  const value = { '+': a + b, '-': a - b, '/': a / b, '÷': a / b }[sign.trim()] ?? a * b;
  return {
    text: `${sum} = ${Number.isFinite(value) ? Number(value.toPrecision(12)) : 'undefined'}. That one I did not have to guess: I calculate by fixed rules.`,
    noticed: `The message is a calculation, ${sum}, so I work it out.`,
  };
}

function count({ message }: Conversation): Reply | undefined {
  const [asked, first = '1', last] = COUNT.exec(message) ?? [];
  if (asked === undefined) return undefined;
  const [from, to] = [Number(first), Number(last)];
  const length = Math.min(Math.abs(to - from) + 1, MOST_NUMBERS);
  const numbers = Array.from({ length }, (_, index) => from + (to < from ? -index : index));
  return {
    text: `${numbers.join(', ')}${numbers.at(-1) === to ? '.' : ` … and so on to ${to}.`}`,
    noticed: `I am asked to count from ${from} to ${to}.`,
  };
}

function echo({ message }: Conversation): Reply | undefined {
  const text = ECHO.exec(message)?.[1];
  return text === undefined ? undefined : { text, noticed: 'I am asked to repeat a text.' };
}

function introduce({ message }: Conversation): Reply | undefined {
  const greets = GREETING.test(message) && findKeywords(message.replace(GREETING, ''), 1).length === 0;
  if (!greets && !ASKS_WHO.test(message)) return undefined;
  return {
    text: `${greets ? 'Hello! ' : ''}${NOTICE} I calculate, count, repeat a text, call a tool that does what you ask for, and fill in a JSON schema by the words of your message.`,
    noticed: `The user ${greets ? 'greets me, so I greet back and' : 'asks what I am, so I'} say what I am.`,
  };
}

function describeMessage({ message, hasAttachment }: Conversation): Reply {
  const words = findKeywords(message, 4).map((word) => `“${word}”`);
  const subject = words.length === 0 ? quote(message, 60) : words.join(', ').replace(/, (?=[^,]*$)/, ' and ');
  const parts = [
    ...(GREETING.test(message) ? ['Hello!'] : []),
    ...(hasAttachment ? ['I cannot see, hear or open what you attached: I read text only.'] : []),
    message === '' ? 'Your message has no text.' : `You ${message.endsWith('?') ? 'ask' : 'write'} about ${subject}.`,
    `I know nothing about it, and would rather say so than invent something. ${NOTICE}`,
  ];
  return { text: parts.join(' '), noticed: `The words that count in the message are ${subject}.` };
}

/** A text on one line in quotation marks, without its full stop, shortened to `limit` code units. */
function quote(text: string, limit: number): string {
  const line = cut(text, limit).replace(/\s+/g, ' ').replace(/\.$/, '').trim();
  return `“${line}${text.length > limit ? ' …' : ''}”`;
}
