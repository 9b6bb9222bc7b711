import {
  ARRAY_MAX_SIZE,
  ARRAY_NOT_EMPTY,
  EQUALS,
  IS_ARRAY,
  IS_BOOLEAN,
  IS_IN,
  IS_INT,
  IS_NUMBER,
  IS_OBJECT,
  IS_STRING,
  MATCHES,
  MAX,
  MAX_LENGTH,
  MIN,
  MIN_LENGTH,
} from 'class-validator';
import { InvalidRequestError } from '../../errors/index.js';
import { describeValue } from '../../kernel/index.js';
import type { Check, PropertyRule } from './rule-set.js';

/** One thing that is wrong with a request. */
export interface Fault {
  /** Path of the parameter, such as `messages[0].content[1].type`. */
  readonly param: string;
  readonly code: string;
  readonly message: string;
}

/** Keeps the first fault and counts the others, so that a body full of faults costs no memory. */
export class FaultLog {
  #first: Fault | undefined;
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** @param describe called for the first fault only */
  add(describe: () => Fault): void {
    this.#first ??= describe();
    this.#count += 1;
  }

  /** @throws InvalidRequestError for the first fault, if there is one */
  throwIfAny(): void {
    if (this.#first === undefined) return;
    const { message, param, code } = this.#first;
    const further = this.#count - 1;
    const tail = further === 0 ? '' : ` (The request has ${further} further ${further === 1 ? 'fault' : 'faults'}.)`;
    throw new InvalidRequestError(message + tail, { param, code });
  }
}

/** Makes the fault for an absent parameter that is required. */
export function makeMissingFault(param: string, alternatives: readonly string[] = []): Fault {
  const unless =
    alternatives.length === 0 ? '' : ` It may be left out or null only beside one of: ${alternatives.join(', ')}.`;
  return { param, code: 'missing_required_parameter', message: `Missing required parameter: '${param}'.${unless}` };
}

/**
 * Makes the fault for a value of the wrong type.
 * @param expected such as `an object`
 */
export function makeTypeFault(param: string, expected: string, value: unknown): Fault {
  return {
    param,
    code: 'invalid_type',
    message: `Invalid type for '${param}': expected ${expected}, but got ${describeKind(value)} instead.`,
  };
}

/** Makes the fault for a string or another scalar that is not among the supported values. */
export function makeValueFault(param: string, value: unknown, supported: Iterable<unknown>): Fault {
  return {
    param,
    code: 'invalid_value',
    message: `Invalid value for '${param}': ${describeValue(value)}. Supported values are: ${[...supported].map(describeValue).join(', ')}.`,
  };
}

const TYPES: ReadonlyMap<string, string> = new Map([
  [IS_STRING, 'a string'],
  [IS_INT, 'an integer'],
  [IS_NUMBER, 'a number'],
  [IS_BOOLEAN, 'a boolean'],
  [IS_ARRAY, 'an array'],
  [IS_OBJECT, 'an object'],
]);

/** Makes the fault for a value (that of a property, or one item of its array) that failed a check. */
export function makeCheckFault(rule: PropertyRule, check: Check, param: string, value: unknown): Fault {
  const usual = makeUsualFault(rule, check, param, value);
  const message = check.message === undefined ? usual.message : `Invalid value for '${param}': ${check.message}`;
  return { param, code: check.code ?? usual.code, message };
}

function makeUsualFault(rule: PropertyRule, check: Check, param: string, value: unknown): Fault {
  const expected = TYPES.get(check.name);
  if (expected !== undefined) {
    const alternative = rule.orString === undefined || check.each ? '' : 'a string or ';
    return makeTypeFault(param, alternative + expected, value);
  }
  const [constraint] = check.constraints;
  const limit = describeValue(constraint);
  const number = rule.checks.some(({ name }) => name === IS_INT) ? 'integer' : 'decimal';
  const makeInvalidFault = (code: string, problem: string): Fault => ({
    param,
    code,
    message: `Invalid '${param}': ${problem}`,
  });
  switch (check.name) {
    case EQUALS:
      return makeValueFault(param, value, [constraint]);
    case IS_IN:
      return makeValueFault(param, value, constraint as readonly unknown[]);
    case MIN:
      return makeInvalidFault(
        `${number}_below_min_value`,
        `${number} below minimum value. Expected a value >= ${limit}, but got ${describeValue(value)} instead.`,
      );
    case MAX:
      return makeInvalidFault(
        `${number}_above_max_value`,
        `${number} above maximum value. Expected a value <= ${limit}, but got ${describeValue(value)} instead.`,
      );
    case ARRAY_NOT_EMPTY:
      return makeInvalidFault('empty_array', 'empty array. Expected an array with at least 1 item.');
    case ARRAY_MAX_SIZE:
      return makeInvalidFault(
        'array_above_max_length',
        `array too long. Expected an array with at most ${limit} items, but got one with ${readLength(value)} instead.`,
      );
    case MIN_LENGTH:
      return makeInvalidFault(
        'string_below_min_length',
        `string too short. Expected a string of at least ${limit} characters, but got one of ${readLength(value)} instead.`,
      );
    case MAX_LENGTH:
      return makeInvalidFault(
        'string_above_max_length',
        `string too long. Expected a string of at most ${limit} characters, but got one of ${readLength(value)} instead.`,
      );
    case MATCHES:
      return makeInvalidFault('invalid_value', `string does not match the pattern ${(constraint as RegExp).source}.`);
    default:
      return makeInvalidFault('invalid_value', 'this value cannot be used.');
  }
}

function describeKind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function readLength(value: unknown): number {
  return typeof value === 'string' || Array.isArray(value) ? value.length : 0;
}
