import { isObject } from '../json.js';

/** Beyond these a schema is no form for an answer, but work without end. */
const MOST_CHARACTERS = 10_000;
const MOST_PARTS = 1_000;
const MOST_KEYWORDS = 100_000;
const LONGEST_PATTERN = 1_000;
/** Of {@link patternCost}: characters that a text of the pattern can have, about. */
const MOST_PATTERN_COST = 10_000;

/** The engine takes milliseconds to compile each: 4 for a class of characters, 9 for one of Unicode's. */
const MOST_CLASSES = 60;
const CLASS = /\[/g;
const MOST_UNICODE_CLASSES = 10;
const UNICODE_CLASS = /\\p/gi;

const LEAST_SIZES: Readonly<Record<string, number>> = {
  minLength: MOST_CHARACTERS,
  minItems: MOST_PARTS,
  minContains: MOST_PARTS,
  minProperties: MOST_PARTS,
};
/** Keywords that hold values, not schemas. */
const VALUES = new Set(['const', 'enum', 'default', 'example', 'examples']);

/**
 * Finds what in a client's schema would take too long: a size, a pattern or a number of keywords that no answer needs. Patterns have
 * to be looked at beforehand: the engine cannot be interrupted while it compiles one.
 * @returns what it is, for the client; undefined if nothing is
 */
export function findExcess(schema: unknown): string | undefined {
  const waiting: unknown[] = [schema];
  for (let seen = 0; waiting.length > 0; seen++) {
    if (seen > MOST_KEYWORDS) return `it has more than ${MOST_KEYWORDS} parts`;
    const part = waiting.pop();
    if (Array.isArray(part)) for (const inner of part) waiting.push(inner);
    if (!isObject(part)) continue;
    for (const [name, most] of Object.entries(LEAST_SIZES)) {
      const least = part[name];
      if (typeof least === 'number' && least > most) return `its ${name} is more than ${most}`;
    }
    const { pattern, patternProperties } = part;
    const patterns = isObject(patternProperties) ? Object.keys(patternProperties) : [];
    if (typeof pattern === 'string') patterns.push(pattern);
    if (patterns.some(isTooCostly)) return 'it has a pattern that is too long, or repeats too much';
    for (const [name, inner] of Object.entries(part)) if (!VALUES.has(name)) waiting.push(inner);
  }
  return undefined;
}

function isTooCostly(pattern: string): boolean {
  return (
    pattern.length > LONGEST_PATTERN ||
    (pattern.match(CLASS)?.length ?? 0) > MOST_CLASSES ||
    (pattern.match(UNICODE_CLASS)?.length ?? 0) > MOST_UNICODE_CLASSES ||
    patternCost(pattern) > MOST_PATTERN_COST
  );
}

/** A group of a pattern while it is read. */
interface Group {
  cost: number;
  /** Cost of what a quantifier would repeat. */
  last: number;
}

/**
 * How much a regular expression says, with all that it repeats written out: parts in a row are added, repetitions multiplied; an
 * open one counts as one more than it needs. Of what is no regular expression it may be anything.
 */
export function patternCost(pattern: string): number {
  const open: Group[] = [];
  let group: Group = { cost: 0, last: 0 };
  const add = (cost: number): void => {
    group.cost += cost;
    group.last = cost;
  };
  for (const [token, least, rest, most] of pattern.matchAll(TOKEN)) {
    if (token === '(' || token.startsWith('(?')) {
      open.push(group);
      group = { cost: 0, last: 0 };
    } else if (token === ')') {
      const inner = Math.max(1, group.cost);
      group = open.pop() ?? { cost: 0, last: 0 };
      add(inner);
    } else if (token === '*' || token === '+' || least !== undefined) {
      const isOpen = least === undefined || (rest !== undefined && most === '');
      const times = isOpen ? Number(least ?? 1) + 1 : Number(most ?? least);
      group.cost += group.last * (times - 1);
      group.last *= times;
    } else if (token !== '|' && token !== '?') add(1);
  }
  return open.reduce((cost, outer) => cost + outer.cost, group.cost);
}

/** An escape, a class, the beginning of a group, a quantifier, or one character. */
const TOKEN = /\\[pP]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?|\{(\d+)(,(\d*))?\}|./gsu;
