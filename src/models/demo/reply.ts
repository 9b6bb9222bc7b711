import type { DemoConversation } from './conversation.js';
import { findKeywords } from './words.js';

const NOTICE = "I am Millrace's offline demo, not a language model; set OPENAI_API_KEY to talk to a real one.";
const MOST_NUMBERS = 1000;

/** Matches a calculation with two numbers. */
export const SUM = /(?<![\w.-])(-?\d{1,12}(?:\.\d{1,6})?)( ?[*×+] ?| [-/÷x] )(-?\d{1,12}(?:\.\d{1,6})?)(?![\w-])/;
const COUNT = /\bcount (?:from 1 )?(?:up )?to ([1-9]\d{0,6})\b/i;
const ECHO = /^(?:please )?(?:say|repeat|echo) (.+)$/is;
const ASKS_WHO = /\b(?:who are you|what are you|what can you do|are you an? \w{1,20}|what model)\b/i;
const GREETING = /^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b/i;

/**
 * Chooses what the demo says next. The first rule that applies decides, so the same conversation always gets the same reply.
 */
export function chooseReply(conversation: DemoConversation): string {
  return (
    tellResults(conversation) ??
    calculate(conversation) ??
    countUp(conversation) ??
    ECHO.exec(conversation.message)?.[1] ??
    describeMessage(conversation)
  );
}

function tellResults({ results, message }: DemoConversation): string | undefined {
  if (results.length === 0) return undefined;
  const told = results.slice(0, 8).map(({ tool, text }) => `${tool} answered: ${quote(text, 240)}.`);
  return `You asked ${quote(message, 100)}. ${told.join(' ')} I only pass this on: as the demo I draw no conclusions from it.`;
}

function calculate({ message }: DemoConversation): string | undefined {
  const [sum, left, sign = '', right] = SUM.exec(message) ?? [];
  if (sum === undefined) return undefined;
  const [a, b] = [Number(left), Number(right)];
  const value = { '+': a + b, '-': a - b, '/': a / b, '÷': a / b }[sign.trim()] ?? a * b;
  const result = Number.isFinite(value) ? Number(value.toPrecision(12)) : 'undefined';
  return `${sum} = ${result}. That one I did not have to guess: I calculate by fixed rules.`;
}

function countUp({ message }: DemoConversation): string | undefined {
  const last = COUNT.exec(message)?.[1];
  if (last === undefined) return undefined;
  const length = Math.min(Number(last), MOST_NUMBERS);
  const numbers = Array.from({ length }, (_, index) => index + 1);
  return `${numbers.join(', ')}${Number(last) > length ? ` … and so on to ${last}` : ''}.`;
}

function describeMessage({ message, hasAttachment }: DemoConversation): string {
  const isGreeting = GREETING.test(message);
  const greeting = isGreeting ? 'Hello! ' : '';
  const words = findKeywords(message.replace(GREETING, ''), 4).map((word) => `“${word}”`);
  if (ASKS_WHO.test(message) || (isGreeting && words.length === 0 && !hasAttachment)) {
    return `${greeting}${NOTICE} I calculate, count, repeat a text, call a tool that does what you ask for, and fill in a JSON schema by the words of your message.`;
  }
  const attached = hasAttachment ? 'I cannot see, hear or open what you attached: I read text only. ' : '';
  const verb = message.endsWith('?') ? 'ask' : 'write';
  const subject = words.join(', ').replace(/, (?=[^,]*$)/, ' and ') || quote(message, 60);
  const about = message === '' ? 'Your message has no text.' : `You ${verb} about ${subject}.`;
  return `${greeting}${attached}${about} I know nothing about it, and would rather say so than invent something. ${NOTICE}`;
}

/** Writes a text on one line in quotation marks, without its full stop, shortened to `limit` code units. */
function quote(text: string, limit: number): string {
  const line = text
    .slice(0, limit)
    .replace(/\p{Cs}$/u, '')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '')
    .trim();
  return `“${line}${text.length > limit ? ' …' : ''}”`;
}
