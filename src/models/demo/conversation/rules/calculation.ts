import { evaluate } from '../arithmetic.js';
import { plainly } from '../quotation.js';
import type { Rule } from '../rule.js';

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/(?<=\d),(?=\d{3}\b)/g, ''],
  [/\bplus\b/gi, '+'],
  [/\bminus\b|[−–]/gi, '-'],
  [/\b(?:times|multiplied by)\b|[×·]|(?<=\d\s?)x(?=\s?\d)/gi, '*'],
  [/\b(?:divided by|over)\b|[÷]/gi, '/'],
  [/\b(?:modulo|mod)\b/gi, '%'],
  [/\bto the power of\b/gi, '^'],
  [/\bsquared\b|²/gi, '^2'],
  [/\bcubed\b|³/gi, '^3'],
];
const LEAD =
  /^(?:.{0,80}?\b(?:what(?:'s| is| are)|how much (?:is|are)|calculate|compute|evaluate|solve|work out|result of)\b|(?:hi|hello|hey|please|and|so|ok|now)\b)?[\s,:]*/i;
const TRAIL = /[\s=?.!,]*(?:\b(?:please|for me|equal to|equals?|then|now)\b[\s=?.!,]*)*$/i;
/** Read no more than this of a message: nobody calculates in longer ones. */
const LONGEST = 300;

/** Does arithmetic: "What is 12 * 7?", "(3 + 4) / 2", "how much is 5 times 8". */
export const calculation: Rule = ({ message }) => {
  if (message.length > LONGEST || !/\d/.test(message.text)) return undefined;
  const sum = WORDS.reduce((text, [pattern, sign]) => text.replace(pattern, sign), plainly(message.text))
    .replace(LEAD, '')
    .replace(TRAIL, '');
  // A lone number, or a date, is no question.
  if (!/\d\s*(?:[-+*/%^]|\*\*)/.test(sum) || /^\d{1,4}([-/])\d{1,2}\1\d{1,4}$/.test(sum)) return undefined;
  const value = evaluate(sum);
  if (value === undefined) return undefined;
  const shown = sum.replace(/\s+/g, ' ');
  const noticed = `The message is a calculation, ${shown}, so I work it out.`;
  if (!Number.isFinite(value)) {
    return { text: `${shown} has no finite value: it divides by zero, or grows too large for me.`, noticed };
  }
  return {
    text: `${shown} = ${Number(value.toPrecision(12))}. That one I did not have to guess: I calculate with fixed rules. Give me another.`,
    noticed,
  };
};
