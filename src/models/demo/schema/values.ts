import type { GenerateOptions } from 'json-schema-faker';
import { isObject, type JsonObject } from '../json.js';
import { Conformance } from './conformance.js';

/** The text for the string at a path of property names and indices; not bound to any length. */
export type TextFor = (path: readonly string[]) => string;

/** For patterns that the faker cannot read, such as those with `\p{…}`. */
const SAMPLES = ['Demo', 'demo', 'DEMO', 'demo-1', 'Demo1', 'demo text', '1', '12', '2026', 'é', 'Ä', '漢字', ''];
/** How far values go from a bound that has no opposite. */
const OPEN_RANGE = 100;
/** Bounds beyond this are those of a number format, not of a meaning. */
const FARTHEST_BOUND = 1e9;

/**
 * Makes the faker's values meaningful: strings become text of the conversation, numbers small and round. A value that its
 * schema bounds stays within the bounds.
 */
export function meaningful(textFor: TextFor | undefined): NonNullable<GenerateOptions['outputTransform']> {
  return (value, schema, path) => {
    if (!isObject(schema) || 'const' in schema || 'enum' in schema) return value;
    if (typeof value === 'number') return firstFitting(numbersFor(value, schema), schema);
    if (typeof value !== 'string') return value;
    if ('format' in schema) return value;
    if ('pattern' in schema) return firstFitting([value, ...SAMPLES], schema);
    if (textFor === undefined) return value;
    const segments = segmentsOf(path);
    const text = textFor(segments);
    const isCut = typeof schema.maxLength === 'number' && text.length > schema.maxLength;
    // Beginnings of different texts can be the same, and the items of a list may have to differ.
    return isCut && /^\d+$/.test(segments.at(-1) ?? '') ? value : fitted(text, schema);
  };
}

/** The first candidate that the schema accepts, or else the first: what is wrong is found when the whole is checked. */
function firstFitting<T>([first, ...others]: readonly [T, ...T[]], schema: JsonObject): T {
  const conformance = new Conformance(schema);
  return [first, ...others].find((candidate) => conformance.accepts(candidate)) ?? first;
}

function numbersFor(value: number, schema: JsonObject): readonly [number, ...number[]] {
  const least = boundOf(Math.max, schema.minimum, schema.exclusiveMinimum);
  const most = boundOf(Math.min, schema.maximum, schema.exclusiveMaximum);
  const from = least ?? (most === undefined ? 0 : most - OPEN_RANGE);
  const to = most ?? from + OPEN_RANGE;
  // Without both bounds the faker's own number may lie anywhere: it only decides where in the range, so that the seed does.
  const isBounded = least !== undefined && most !== undefined;
  const wanted = isBounded ? value : from + ((Math.abs(value) % OPEN_RANGE) / OPEN_RANGE) * (to - from);
  const middle = from + (to - from) / 2;
  const { multipleOf } = schema;
  if (typeof multipleOf === 'number' && multipleOf > 0) {
    const factors = [wanted, from, to, middle].flatMap((near) => {
      const factor = Math.round(near / multipleOf);
      return [factor, factor + 1, factor - 1, factor + 2, factor - 2];
    });
    return [value, ...factors.map((factor) => Number((factor * multipleOf).toPrecision(15)))];
  }
  const round = Math.round(wanted * 100) / 100;
  const isInteger = schema.type === 'integer';
  return [
    isInteger ? Math.round(wanted) : round,
    Math.round(wanted),
    Math.ceil(from),
    Math.floor(from) + 1,
    Math.floor(to),
    round,
    wanted,
    middle,
    value,
  ];
}

function boundOf(tighter: (...bounds: number[]) => number, ...bounds: unknown[]): number | undefined {
  const meant = bounds.filter((bound) => typeof bound === 'number' && Math.abs(bound) < FARTHEST_BOUND) as number[];
  return meant.length === 0 ? undefined : tighter(...meant);
}

/** Brings a text to a length that the schema allows, in characters, at the end of a word if it can. */
function fitted(text: string, { minLength, maxLength }: JsonObject): string {
  const least = typeof minLength === 'number' ? minLength : 0;
  const most = typeof maxLength === 'number' ? maxLength : Infinity;
  if (text.length >= least * 2 && text.length <= most) return text;
  let characters = Array.from(text === '' ? 'demo' : text);
  if (characters.length < least) {
    const repeated = [...characters, ' '];
    characters = Array.from({ length: least }, (_, index) => repeated[index % repeated.length] ?? ' ');
  }
  if (characters.length <= most) return text === '' && least === 0 ? '' : characters.join('');
  const space = characters.lastIndexOf(' ', most);
  return characters.slice(0, space >= Math.max(least, most / 2) ? space : most).join('');
}

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .filter((segment) => segment !== '')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}
