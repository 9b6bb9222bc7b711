import { NoInstanceError } from './no-instance-error.js';

const LONGEST = 10_000;
/** What escapes and properties stand for, from and to: the first is written, and a negated class leaves out all of them. */
const CLASSES: Readonly<Record<string, string>> = {
  d: '09',
  w: '0z',
  s: '  ',
  t: '\t\t',
  n: '\n\n',
  r: '\r\r',
  N: '09',
  L: 'A\uffff',
  Lu: 'A\uffff',
  Ll: 'a\uffff',
  P: '!/',
};
/** The same, but nothing that a negated class could leave out. */
const OPPOSITES: Readonly<Record<string, string>> = { D: 'a', W: '-', S: 'a' };
/** What a negated class may hold. */
const CANDIDATES = ['a', '1', '-', '.', ' ', 'é', 'A'];
const QUANTIFIER = /(?:([*+?])|\{(\d{1,9})(?:(,)(\d{0,9}))?\})\??/y;

/**
 * Writes a text that a regular expression matches, without running it: patterns of clients can take for ever. It takes the
 * first of alternatives, and repeats as little as it may.
 *
 * @param more how many repetitions more, where there may be
 * @throws NoInstanceError for what it does not understand: assertions, back references, most properties of Unicode
 */
export function writeMatch(pattern: string, more: number): string {
  let at = 0;
  const fail = (reason = 'the demo does not understand a pattern of it'): never => {
    throw new NoInstanceError(reason);
  };
  const next = (): string => {
    const sign = String.fromCodePoint(pattern.codePointAt(at) ?? fail());
    at += sign.length;
    return sign;
  };

  function alternatives(): string {
    let first: string | undefined;
    do {
      let text = '';
      while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') text += repeated(atom());
      if (text.length > LONGEST) fail('a pattern of it asks for too much');
      first ??= text;
    } while (pattern[at] === '|' && at++ >= 0);
    return first;
  }

  function repeated(text: string): string {
    QUANTIFIER.lastIndex = at;
    const [found = '', sign, least = sign === '+' || sign === undefined ? '1' : '0', comma, most] =
      QUANTIFIER.exec(pattern) ?? [];
    if (found === '') return text;
    at += found.length;
    const isOpen = sign === undefined ? comma !== undefined && most === '' : sign !== '?';
    const limit = isOpen ? Infinity : sign === '?' ? 1 : Number(most ?? least);
    const times = Math.min(Number(least) + more, limit);
    if (times < Number(least) || text.length * times > LONGEST) fail('a pattern of it asks for too much');
    return text.repeat(times);
  }

  function atom(): string {
    const sign = next();
    if (sign === '^' || sign === '$') return '';
    if (sign === '.') return 'a';
    if (sign === '\\') return escape().charAt(0);
    if (sign === '[') return characterClass();
    if (sign !== '(') return '*+?{}'.includes(sign) ? fail() : sign;
    const [opening = ''] = /^\?(?::|<[A-Za-z]\w*>)/.exec(pattern.slice(at, at + 50)) ?? [];
    if (pattern[at] === '?' && opening === '') fail();
    at += opening.length;
    const inner = alternatives();
    return next() === ')' ? inner : fail();
  }

  /** From and to of what an escape stands for, or one sign. */
  function escape(isNegated = false): string {
    const sign = next();
    const end = pattern.indexOf('}', at);
    const name = sign === 'p' ? pattern.slice(at + 1, end) : sign;
    if (sign === 'p') at = end + 1;
    if (!isNegated && name in OPPOSITES) return OPPOSITES[name] ?? fail();
    return CLASSES[name] ?? (/\w/.test(name) ? fail() : sign + sign);
  }

  function characterClass(): string {
    const isNegated = pattern[at] === '^';
    if (isNegated) at++;
    const ranges: string[] = [];
    while (pattern[at] !== ']') {
      const sign = next();
      const from = sign === '\\' ? escape(isNegated) : sign + sign;
      const isRange = pattern[at] === '-' && pattern[at + 1] !== ']';
      if (isRange) at++;
      const to = isRange ? next() : undefined;
      ranges.push(to === undefined ? from : from.slice(0, from.length / 2) + (to === '\\' ? escape().charAt(0) : to));
    }
    at++;
    const [first = fail()] = ranges;
    if (!isNegated) return String.fromCodePoint(first.codePointAt(0) ?? 0);
    const isFree = (sign: string): boolean =>
      ranges.every((range) => sign < range.charAt(0) || sign > range.charAt(range.length / 2));
    return CANDIDATES.find(isFree) ?? fail();
  }

  const text = alternatives();
  return at === pattern.length ? text : fail();
}
