import { plainly } from '../quotation.js';
import type { Rule } from '../rule.js';

/** So far it counts in one answer: about 3,000 tokens, a fair test of a long stream. */
const MOST_NUMBERS = 1000;
const COUNT_TO = /\bcount (?:up |for me )?(?:from (-?\d{1,7}) )?(?:up )?to (-?\d{1,7})\b/i;
const COUNT_DOWN = /\bcount (?:backwards?|down)(?: from (-?\d{1,7}))?(?: (?:down )?to (-?\d{1,7}))?\b/i;

/** Counts up or down, as asked. */
export const counting: Rule = ({ message }) => {
  const text = plainly(message.text);
  const down = COUNT_DOWN.exec(text);
  const up = COUNT_TO.exec(text);
  if (down === null && up === null) return undefined;
  const from = Number(down === null ? (up?.[1] ?? 1) : (down[1] ?? 10));
  const to = Number(down === null ? (up?.[2] ?? 10) : (down[2] ?? (from > 1 ? 1 : from - 9)));
  const step = to < from ? -1 : 1;
  const length = Math.min(Math.abs(to - from) + 1, MOST_NUMBERS);
  const numbers = Array.from({ length }, (_, index) => from + step * index);
  const complete = numbers.at(-1) === to;
  return {
    text: `${numbers.join(', ')}${complete ? '.' : ` … and so on to ${to}.`}`,
    noticed: `I am asked to count from ${from} to ${to}.${complete ? '' : ` I stop after ${MOST_NUMBERS} numbers.`}`,
    verbatim: true,
  };
};
