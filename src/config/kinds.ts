import { MAX_TIMER_MS } from '../kernel/index.js';
import { type ValueKind, InvalidValue } from './setting.js';

const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ...['on', 'true', 'yes', '1'].map((word) => [word, true] as const),
  ...['off', 'false', 'no', '0'].map((word) => [word, false] as const),
]);
const BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;
/** Visible ASCII. HTTP headers allow little more, and a space or an invisible character in a key is a mistake. */
const CREDENTIAL = /^[!-~]+$/;

/** Any text. */
export const text: ValueKind<string> = (given) => given;

/** On or off, in any of the words that people write for it: `on`, `true`, `yes`, `1` and their opposites, in any case. */
export const onOrOff: ValueKind<boolean> = (given) =>
  SWITCHES.get(given.toLowerCase()) ?? new InvalidValue('be on or off');

/** @param must the fault of a text that does not match; see {@link InvalidValue} */
export function pattern(form: RegExp, must: string): ValueKind<string> {
  return (given) => (form.test(given) ? given : new InvalidValue(must));
}

export function oneOf<const T extends string>(
  values: readonly T[],
  must = `be one of ${values.join(', ')}`,
): ValueKind<T> {
  return (given) => values.find((value) => value === given) ?? new InvalidValue(must);
}

/** @param must the fault of a text that is no number, or beyond the bounds; see {@link InvalidValue} */
export function number(least: number, most: number, must: string): ValueKind<number> {
  return (given) => {
    const value = Number(given);
    return value >= least && value <= most ? value : new InvalidValue(must);
  };
}

/** A whole number; see {@link number}. */
export function wholeNumber(
  least: number,
  most: number,
  must = `be a whole number from ${least} to ${most}`,
): ValueKind<number> {
  const read = number(least, most, must);
  return (given) => {
    const value = read(given);
    return Number.isInteger(value) ? value : new InvalidValue(must);
  };
}

/** A whole number of milliseconds, up to what a timer can hold. */
export function milliseconds(least = 0): ValueKind<number> {
  return wholeNumber(least, MAX_TIMER_MS, `be a whole number of milliseconds from ${least} to ${MAX_TIMER_MS}`);
}

/**
 * A size such as `512kb`, read as a number of bytes.
 * @param most the largest, in the same form
 */
export function size(most = '1024gb'): ValueKind<number> {
  const mostBytes = parseBytes(most);
  return (given) => {
    const bytes = parseBytes(given);
    return bytes >= 1 && bytes <= mostBytes
      ? bytes
      : new InvalidValue(`be a size such as 512kb or 10mb, and at most ${most}`);
  };
}

/** Converts a size to bytes; NaN if the text is no size. */
export function parseBytes(given: string): number {
  const [, amount, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(given) ?? [];
  return Math.floor(Number(amount) * BYTES[unit.toLowerCase() as keyof typeof BYTES]);
}

/** A list of items of one kind, separated by commas. */
export function list<T>(kind: ValueKind<T>): ValueKind<readonly T[]> {
  return (given) => {
    const items = given.split(',').map((item) => kind(item.trim()));
    return items.find((item) => item instanceof InvalidValue) ?? (items as T[]);
  };
}

/** A key or token that is sent in a header. */
export const credential = pattern(
  CREDENTIAL,
  'consist of visible ASCII characters: there is a space, a line break, or an invisible or foreign character in it',
);

/** Whether a text can be sent as a key or token. */
export function isCredential(given: string): boolean {
  return CREDENTIAL.test(given);
}
