import { isSameNumber } from '../../../kernel/index.js';

/**
 * True if a literal would reach a model provider as another number. It is parsed to a double and written again with
 * just enough digits to tell that double from its neighbours. Beyond 2^53 this changes integers that no double holds,
 * and also some that a double does hold: 2^60, which ends in …6976, becomes …7000.
 * @param literal a number as JSON writes it; false for anything else
 */
export function isMisread(literal: string): boolean {
  const value = Number(literal);
  if (Number.isNaN(value) || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return false;
  return !Number.isFinite(value) || !isSameNumber(literal, `${value}`);
}
