import { isObject } from '../../json.js';
import type { Turn } from '../conversation.js';
import { counted, listing, quote } from '../quotation.js';
import type { Rule } from '../rule.js';

const MOST_RESULTS = 5;
const MOST_FIELDS = 8;

/** Says what the tools answered, when their answers are the newest thing in the conversation. */
export const toolResults: Rule = ({ turns, message }) => {
  const start = turns.findLastIndex(({ role }) => role !== 'tool') + 1;
  const results = turns.slice(start);
  if (results.length === 0) return undefined;
  const names = new Map(turns.flatMap(({ calls }) => [...calls]));
  const said = results.slice(0, MOST_RESULTS).map((result) => {
    const name = result.toolName ?? names.get(result.callId ?? '') ?? 'The tool';
    return result.text === '' ? `${name} answered with nothing.` : `${name} answered: ${summaryOf(result)}.`;
  });
  const rest = results.length - said.length;
  if (rest > 0) said.push(`There is more: ${counted(rest, 'further result')}.`);
  const question = message.text === '' ? '' : `You asked ${quote(message.text, 100)}. `;
  return {
    text: `${question}${said.join(' ')} I only pass this on: as the demo I draw no conclusions from it.`,
    noticed: `The newest message holds ${counted(results.length, 'tool result')}, so I sum up what came back.`,
  };
};

function summaryOf({ text }: Turn): string {
  const value = parsed(text);
  if (Array.isArray(value)) return `a list of ${counted(value.length, 'item')}, ${quote(text, 100)}`;
  if (!isObject(value)) return quote(text, 240).replace(/[.!?]”$/, '”');
  const fields = Object.entries(value);
  if (fields.length === 0) return 'an empty object';
  const shown = fields.slice(0, MOST_FIELDS).map(([name, field]) => `${name} is ${worded(field)}`);
  return listing(fields.length > MOST_FIELDS ? [...shown, `${fields.length - MOST_FIELDS} fields more`] : shown);
}

function worded(value: unknown): string {
  return typeof value === 'string' ? quote(value, 100) : quote(JSON.stringify(value), 100).slice(1, -1);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
