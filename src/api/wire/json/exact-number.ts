import { isSameNumber } from '../../../kernel/index.js';

/**
 * Whether a literal would reach a model provider as another number: it is parsed to a double, and written again with as many
 * digits as tell that double from others. So whole numbers beyond 2^53 are not only those that no double holds, but also those
 * that are written otherwise: 2^60, which ends in …6976, becomes …7000.
 * @param literal a number as JSON writes it; what is none is not judged
 */
export function isMisread(literal: string): boolean {
  const value = Number(literal);
  if (Number.isNaN(value) || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return false;
  return !Number.isFinite(value) || !isSameNumber(literal, `${value}`);
}
