import { NoInstanceError } from './no-instance-error.js';

const LONGEST = 10_000;
/** What is written for a class of characters, the first of them that is in it; after these come those that it names. */
const CANDIDATES = [...'a0A-_. @é'];
/** One character of a pattern: a class, an escape or itself. */
const ATOM = /\[(?:\\.|[^\]\\])+\]|\\p\{\w+\}|\\.|[^*+?{}()|[\]\\]/suy;
const GROUP = /\((?!\?)|\(\?:|\(\?<[A-Za-z]\w*>/y;
const QUANTIFIER = /(?:([*+?])|\{(\d{1,9})(?:(,)(\d{0,9}))?\})\??/y;

/**
 * Writes a text that a regular expression matches, without running it: patterns of clients can take for ever. It takes the
 * first of alternatives, and repeats as little as it may.
 *
 * @param more how many repetitions more, where there may be
 * @throws NoInstanceError for what it does not understand: assertions, back references
 */
export function writeMatch(pattern: string, more: number): string {
  let at = 0;
  const fail = (reason = 'the demo does not understand a pattern of it'): never => {
    throw new NoInstanceError(reason);
  };
  const take = (sign: RegExp): RegExpExecArray | undefined => {
    sign.lastIndex = at;
    const found = sign.exec(pattern) ?? undefined;
    at += found?.[0].length ?? 0;
    return found;
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
    const found = take(QUANTIFIER);
    if (found === undefined) return text;
    const [, sign, least = sign === '+' ? '1' : '0', comma, most] = found;
    const isOpen = sign === undefined ? comma !== undefined && most === '' : sign !== '?';
    const limit = isOpen ? Infinity : sign === '?' ? 1 : Number(most ?? least);
    const times = Math.min(Number(least) + more, limit);
    if (times < Number(least) || text.length * times > LONGEST) fail('a pattern of it asks for too much');
    return text.repeat(times);
  }

  function atom(): string {
    if (take(GROUP) !== undefined) {
      const inner = alternatives();
      return pattern[at++] === ')' ? inner : fail();
    }
    const [source = fail()] = take(ATOM) ?? [];
    return source === '^' || source === '$' ? '' : (findCharacter(source) ?? fail());
  }

  const text = alternatives();
  return at === pattern.length ? text : fail();
}

/** A character of a class, which to run for one character costs nothing. */
function findCharacter(source: string): string | undefined {
  try {
    const isIn = new RegExp(`^${source}$`, 'su');
    return [...CANDIDATES, ...source, '\n', '\t'].find((sign) => isIn.test(sign));
  } catch {
    return undefined;
  }
}
