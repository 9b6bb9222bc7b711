import { isPresent } from '../../kernel/index.js';

/** A number of a row, which some databases return as a text; undefined if it is null. */
export function readNumber(value: unknown): number | undefined {
  return isPresent(value) ? Number(value) : undefined;
}

/** A text of a row; undefined if it is null. */
export function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
