import { InvalidRequestError } from '../../errors/index.js';

/**
 * Deepest nesting of objects and arrays that is accepted. Serialising a body again needs stack for each level, and
 * overflows at some thousands; real schemas of tools stay below a few dozen.
 */
const DEEPEST = 500;

/**
 * Looks at each value of a parsed body once, without recursion.
 * @throws InvalidRequestError naming the parameter that is nested too deeply
 */
export function assertNestingIsBounded(body: object): void {
  for (const [param, value] of Object.entries(body)) {
    let level: object[] = isObject(value) ? [value] : [];
    for (let depth = 1; level.length > 0; depth++) {
      if (depth > DEEPEST) {
        throw new InvalidRequestError(`The value of \`${param}\` is nested more than ${DEEPEST} levels deep.`, {
          param,
          code: 'invalid_value',
        });
      }
      level = level.flatMap((outer) => Object.values(outer).filter(isObject));
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
