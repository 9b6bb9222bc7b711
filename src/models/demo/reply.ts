import { type Conversation, cut } from './conversation.js';
import { isObject } from './json.js';
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
const MOST_PARTS = 8;

const SUM = /(?<![\w.-])(-?\d{1,12}(?:\.\d{1,6})?)( ?[*×+] ?| [-/÷x] )(-?\d{1,12}(?:\.\d{1,6})?)(?![\w-])/;
const COUNT = /\bcount (?:from (-?\d{1,7}) )?(?:up )?to (-?\d{1,7})\b/i;
const ECHO = /^(?:please )?(?:say|repeat|echo) (.+)$/is;
const OWN_NAME = /\b(?:my name is|call me) (\p{L}[\p{L}\p{M}'-]{0,30})/iu;
const ASKS_OWN_NAME = /\b(?:what(?:'s| is) my name|who am i)\b/i;
const ASKS_WHO = /\b(?:who are you|what are you|what can you do|are you an? \w{1,20}|what model)\b/i;
const GREETING = /^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b/i;

/** The first one that knows an answer gives it. */
const RULES: readonly Rule[] = [tellResults, calculate, count, echo, recallName, introduce];

/** What the demo says next in a conversation. The same conversation always gives the same reply. */
export function replyTo(conversation: Conversation): Reply {
  for (const rule of RULES) {
    const reply = rule(conversation);
    if (reply !== undefined) return reply;
  }
  return describeMessage(conversation);
}

/** The name that the user has given, if any. */
export function findUserName({ said }: Conversation): string | undefined {
  return said.map((text) => OWN_NAME.exec(text)?.[1]).findLast((name) => name !== undefined);
}

function tellResults({ results, message }: Conversation): Reply | undefined {
  if (results.length === 0) return undefined;
  const told = results.map(({ tool, text }) => `${tool} answered: ${summarize(text)}`);
  const asked = message === '' ? '' : `You asked ${quote(message, 100)}. `;
  return {
    text: `${asked}${list(told, '. ')}. I only pass this on: as the demo I draw no conclusions from it.`,
    noticed: 'The tools have answered, so I sum up what came back.',
  };
}

function summarize(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || Object.keys(value).length === 0) return quote(text, 240);
    const fields = Object.entries(value).map(([name, field]) => {
      return `${name} is ${typeof field === 'string' ? quote(field, 100) : cut(JSON.stringify(field), 100)}`;
    });
    return list(fields);
  } catch {
    return quote(text, 240);
  }
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

function recallName(conversation: Conversation): Reply | undefined {
  const { message } = conversation;
  const name = findUserName(conversation);
  if (ASKS_OWN_NAME.test(message)) {
    const text = name === undefined ? 'You have not told me your name yet.' : `Your name is ${name}: you told me so.`;
    return { text, noticed: 'The user asks for their name, so I search the conversation for it.' };
  }
  if (!OWN_NAME.test(message) || message.includes('?')) return undefined;
  return {
    text: `Nice to meet you, ${name}! ${NOTICE}`,
    noticed: 'The user tells me their name, so I take note of it.',
  };
}

function introduce({ message }: Conversation): Reply | undefined {
  const greets = GREETING.test(message) && findKeywords(message.replace(GREETING, ''), 1).length === 0;
  if (!greets && !ASKS_WHO.test(message)) return undefined;
  return {
    text: `${greets ? 'Hello! ' : ''}${NOTICE} I calculate, count, repeat a text, call a tool that does what you ask for, and fill in a JSON schema by the words of your message.`,
    noticed: greets
      ? 'The user greets me, so I greet back and say what I am.'
      : 'The user asks what I am, so I say it.',
  };
}

function describeMessage({ message, said, hasAttachment }: Conversation): Reply {
  const keywords = findKeywords(message, 4);
  const subject = keywords.length > 0 ? list(keywords.map((word) => `“${word}”`)) : quote(message, 60);
  const about = `You ${message.endsWith('?') ? 'ask' : 'write'} about ${subject}.`;
  const parts = [
    ...(GREETING.test(message) ? ['Hello!'] : []),
    ...(hasAttachment ? ['I cannot see, hear or open what you attached: I read text only.'] : []),
    message === '' ? 'Your message has no text.' : about,
    ...(said.length > 1 ? [`It is your message number ${said.length}.`] : []),
    `I know nothing about it, and would rather say so than invent something. ${NOTICE}`,
  ];
  return { text: parts.join(' '), noticed: `The words that count in the message are ${subject}.` };
}

/** A text on one line in quotation marks, without its full stop, shortened to `limit` code units. */
function quote(text: string, limit: number): string {
  const line = cut(text, limit).replace(/\s+/g, ' ').replace(/\.$/, '').trim();
  return `“${line}${text.length > limit ? ' …' : ''}”`;
}

/** Words as an English list: "a", "a, b and c"; of long ones the beginning. */
function list(words: readonly string[], separator = ', '): string {
  const shown =
    words.length > MOST_PARTS ? [...words.slice(0, MOST_PARTS), `${words.length - MOST_PARTS} more`] : words;
  if (separator !== ', ' || shown.length < 2) return shown.join(separator);
  return `${shown.slice(0, -1).join(separator)} and ${shown.at(-1)}`;
}
