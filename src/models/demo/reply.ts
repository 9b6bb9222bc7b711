import { type Conversation, cut } from './conversation.js';
import { findKeywords } from './words.js';

/** What the demo answers, and why in a sentence: the "thinking" of structured answers. */
export interface Reply {
  readonly text: string;
  readonly noticed: string;
}

const NOTICE = "I am Millrace's offline demo, not a language model; set OPENAI_API_KEY to talk to a real one.";
const MOST_NUMBERS = 1000;

/** A calculation with two numbers. */
export const SUM = /(?<![\w.-])(-?\d{1,12}(?:\.\d{1,6})?)( ?[*×+] ?| [-/÷x] )(-?\d{1,12}(?:\.\d{1,6})?)(?![\w-])/;
const COUNT = /\bcount (?:from (-?\d{1,7}) )?(?:up )?to (-?\d{1,7})\b/i;
const ECHO = /^(?:please )?(?:say|repeat|echo) (.+)$/is;
const ASKS_WHO = /\b(?:who are you|what are you|what can you do|are you an? \w{1,20}|what model)\b/i;
const GREETING = /^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b/i;

/** What is answered, and the rule for it, which gives no text where it does not apply. The first that applies answers. */
const RULES: readonly (readonly [subject: string, rule: (conversation: Conversation) => string | undefined])[] = [
  ['what tools have found out', tellResults],
  ['a calculation', calculate],
  ['counting', count],
  ['a text to repeat', ({ message }) => ECHO.exec(message)?.[1]],
  ['who I am', introduce],
  ['a message that I cannot answer', describeMessage],
];

/** What the demo says next in a conversation. The same conversation always gives the same reply. */
export function chooseReply(conversation: Conversation): Reply {
  for (const [subject, rule] of RULES) {
    const text = rule(conversation);
    if (text !== undefined) return { text, noticed: `This is about ${subject}, and I have a rule for that.` };
  }
  throw new Error('The last rule answers everything');
}

function tellResults({ results, message }: Conversation): string | undefined {
  if (results.length === 0) return undefined;
  const told = results.slice(0, 8).map(({ tool, text }) => `${tool} answered: ${quote(text, 240)}.`);
  return `You asked ${quote(message, 100)}. ${told.join(' ')} I only pass this on: as the demo I draw no conclusions from it.`;
}

function calculate({ message }: Conversation): string | undefined {
  const [sum, left, sign = '', right] = SUM.exec(message) ?? [];
  if (sum === undefined) return undefined;
  const [a, b] = [Number(left), Number(right)];
  const value = { '+': a + b, '-': a - b, '/': a / b, '÷': a / b }[sign.trim()] ?? a * b;
  const result = Number.isFinite(value) ? Number(value.toPrecision(12)) : 'undefined';
  return `${sum} = ${result}. That one I did not have to guess: I calculate by fixed rules.`;
}

function count({ message }: Conversation): string | undefined {
  const [asked, first = '1', last] = COUNT.exec(message) ?? [];
  if (asked === undefined) return undefined;
  const [from, to] = [Number(first), Number(last)];
  const length = Math.min(Math.abs(to - from) + 1, MOST_NUMBERS);
  const numbers = Array.from({ length }, (_, index) => from + (to < from ? -index : index));
  return `${numbers.join(', ')}${numbers.at(-1) === to ? '.' : ` … and so on to ${to}.`}`;
}

function introduce({ message }: Conversation): string | undefined {
  const isGreeting = GREETING.test(message) && findKeywords(message.replace(GREETING, ''), 1).length === 0;
  if (!isGreeting && !ASKS_WHO.test(message)) return undefined;
  return `${isGreeting ? 'Hello! ' : ''}${NOTICE} I calculate, count, repeat a text, call a tool that does what you ask for, and fill in a JSON schema by the words of your message.`;
}

function describeMessage({ message, hasAttachment }: Conversation): string {
  const words = findKeywords(message, 4).map((word) => `“${word}”`);
  const subject = words.length === 0 ? quote(message, 60) : words.join(', ').replace(/, (?=[^,]*$)/, ' and ');
  const greeting = GREETING.test(message) ? 'Hello! ' : '';
  const attached = hasAttachment ? 'I cannot see, hear or open what you attached: I read text only. ' : '';
  const verb = message.endsWith('?') ? 'ask' : 'write';
  const about = message === '' ? 'Your message has no text.' : `You ${verb} about ${subject}.`;
  return `${greeting}${attached}${about} I know nothing about it, and would rather say so than invent something. ${NOTICE}`;
}

/** A text on one line in quotation marks, without its full stop, shortened to `limit` code units. */
function quote(text: string, limit: number): string {
  const line = cut(text, limit).replace(/\s+/g, ' ').replace(/\.$/, '').trim();
  return `“${line}${text.length > limit ? ' …' : ''}”`;
}
