import { clip, counted, plainly, quote } from '../quotation.js';
import type { Reply, Rule } from '../rule.js';

/** No more than this of a text is given back, in UTF-16 code units. */
const LONGEST = 4000;
const LETTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

interface Task {
  readonly pattern: RegExp;
  readonly perform: (text: string) => string;
  readonly noticed: string;
}

const OBJECT = String.raw`(?:(?:(?:the|this|my|following) ){0,2}(?:word|text|string|sentence|phrase|message|line)s?\b)?\s{0,3}:?\s{0,3}`;
const INTO = String.raw`(?:in|to|into) (?:all )?`;
const UPPERCASE = String.raw`(?:upper-?\s?case|capitals|capital letters|all caps|caps)`;
const LOWERCASE = String.raw`lower-?\s?case`;
const CHANGE = String.raw`(?:write|say|put|convert|turn|make|change|transform|print) ${OBJECT}(.+?)`;
/** "hello world in uppercase", but not "How are you? Answer in uppercase". */
const SHORT_TEXT = String.raw`(?!.*\b(?:answer|reply|respond|speak|talk|tell|give|explain)\b)([^.?!]{1,200}?)`;

const turnAround = { perform: reversed, noticed: 'I am asked to turn a text around.' };
const raise = { perform: (text: string) => text.toUpperCase(), noticed: 'I am asked for capital letters.' };
const lower = { perform: (text: string) => text.toLowerCase(), noticed: 'I am asked for small letters.' };
const spell = { perform: (text: string) => lettersOf(text).join('-'), noticed: 'I am asked to spell.' };
const echo = { perform: (text: string) => text, noticed: 'I am asked to repeat a text.' };

const TASKS: readonly Task[] = [
  { pattern: task(String.raw`(?:reverse|spell|write|say) ${OBJECT}(.+?) backwards?`), ...turnAround },
  { pattern: task(String.raw`reverse ${OBJECT}(.+)`), ...turnAround },
  { pattern: task(`${CHANGE} ${INTO}${UPPERCASE}`), ...raise },
  { pattern: task(`${SHORT_TEXT} ${INTO}${UPPERCASE}`), ...raise },
  { pattern: task(String.raw`(?:upper-?\s?case|capitali[sz]e|shout)\b ?${OBJECT}(.+)`), ...raise },
  { pattern: task(`${CHANGE} ${INTO}${LOWERCASE}`), ...lower },
  { pattern: task(`${SHORT_TEXT} ${INTO}${LOWERCASE}`), ...lower },
  { pattern: task(String.raw`lower-?\s?case\b ?${OBJECT}(.+)`), ...lower },
  { pattern: task(String.raw`spell ${OBJECT}(.+)`), ...spell },
  {
    pattern: task(String.raw`(?:repeat after me|echo(?: back)?|parrot|repeat|say)\b ?(?:exactly|only)? ?${OBJECT}(.+)`),
    ...echo,
  },
];

function task(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`, 'is');
}

const HOW_MANY =
  /\bhow many (words|letters|characters) (?:are |does |do )?(?:there )?(?:are )?(?:in|has)?\s{0,3}(?:the (?:word|text|sentence|phrase)\s{0,3})?:?\s{0,3}(.+)$/is;
/** What comes before a task and changes nothing about it. */
const POLITENESS =
  /^(?:(?:please|ok|now|then|and)[\s,!]{1,3}|(?:hi|hello|hey)[,!] ?|(?:can|could|would|will) you (?:please )?)+/i;
const PLEA = /[\s,]{0,3}\b(?:please|for me)\b[.!?\s]{0,5}$/i;
/** Not a text, but a word for one, or for none in particular. */
const REFERENCE = /^(?:that|it|this|yourself|something|anything)(?: again| once more)?\W*$/i;

/** Echoes, reverses, spells, changes the case of a text, and counts its words and letters. */
export const textTasks: Rule = ({ message }) => {
  const request = message.text.replace(POLITENESS, '').replace(PLEA, '').replace(/\?$/, '');
  const measured = HOW_MANY.exec(plainly(request));
  if (measured !== null) return measure(measured[1] ?? '', bare(measured[2] ?? ''));
  for (const { pattern, perform, noticed } of TASKS) {
    const text = bare(pattern.exec(request)?.[1] ?? '');
    if (text === '' || REFERENCE.test(text)) continue;
    return {
      text: perform(clip(text, LONGEST)),
      noticed: `${noticed} That needs no thought, only care.`,
      verbatim: true,
    };
  }
  return undefined;
};

function measure(unit: string, text: string): Reply | undefined {
  if (text === '') return undefined;
  const count =
    unit.toLowerCase() === 'words'
      ? (text.match(/\S+/g)?.length ?? 0)
      : unit.toLowerCase() === 'letters'
        ? (text.match(/\p{L}\p{M}*/gu)?.length ?? 0)
        : lettersOf(text).length;
  return {
    text: `There are ${counted(count, unit.toLowerCase().slice(0, -1))} in ${quote(text)}. I counted them one by one.`,
    noticed: `The user wants to know how many ${unit.toLowerCase()} a text has, so I count.`,
  };
}

function reversed(text: string): string {
  return lettersOf(text).toReversed().join('');
}

/** Characters as a reader sees them: an emoji family or a letter with its accents is one. */
function lettersOf(text: string): string[] {
  return Array.from(LETTERS.segment(text), ({ segment }) => segment);
}

function bare(text: string): string {
  return /^(["'“‘`«])(.*)["'”’`»]$/s.exec(text.trim())?.[2] ?? text.trim();
}
