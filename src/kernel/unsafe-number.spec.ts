import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findUnsafeNumber } from './unsafe-number.js';

describe('findUnsafeNumber', () => {
  it.each([
    ['{"id":9007199254740993}', '9007199254740993'],
    ['[1,-9007199254740993]', '-9007199254740993'],
    ['12345678901234567890', '12345678901234567890'],
    ['{"a":{"b":[true,"9007199254740993",9007199254740993.0]}}', '9007199254740993.0'],
    ['{"a":9007199254740993e0}', '9007199254740993e0'],
    ['900719925474099.3e1', '900719925474099.3e1'],
    ['{"a\\"":1,"\\\\":9007199254740993}', '9007199254740993'],
    ['1e400', '1e400'],
    ['-1E+309', '-1E+309'],
    ['1'.repeat(400), '1'.repeat(40)],
  ])('finds what would become another number in %s', (json, found) => {
    expect(findUnsafeNumber(json)).toBe(found);
  });

  it.each([
    '{}',
    '0',
    '-0',
    '9007199254740991',
    '-9007199254740991',
    '9007199254740992',
    '9007199254740994',
    '100000000000000000000',
    '100000000000000000000000',
    '1e23',
    '12345678901234567168',
    '3.14159265358979323846264338327950288',
    '1e-400',
    '1.0',
    '0.00000000000000000000000000001e10',
    '"9007199254740993"',
    '{"9007199254740993":"\\"9007199254740993"}',
    '"\\\\\\"9007199254740993"',
  ])('leaves %s alone', (json) => {
    expect(findUnsafeNumber(json)).toBeUndefined();
  });

  it('finds every whole number that a reader would lose, in any JSON', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.jsonValue(), (whole, other) => {
        const around = JSON.stringify(other);
        const json = `{"before":${around},"here":${whole},"after":${around}}`;
        expect(findUnsafeNumber(json) !== undefined).toBe(isLost(whole));
      }),
    );
  });

  it('accepts what JavaScript writes itself', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(findUnsafeNumber(JSON.stringify(value))).toBeUndefined();
      }),
    );
  });

  it('reads each character only a few times, whatever the text is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('"', '\\', '9', '-', '.', 'e', ' ', '[')), (pieces) => {
        expect(() => findUnsafeNumber(pieces.join(''))).not.toThrow();
      }),
    );
    for (const text of ['"', '\\"', '9', '-', '"\\', '9e']) {
      const start = performance.now();
      findUnsafeNumber(text.repeat(500_000));
      findUnsafeNumber(`"${text.repeat(500_000)}`);
      expect(performance.now() - start).toBeLessThan(5_000);
    }
  });
});

/** True if a double is not this number, and does not print as it either. */
function isLost(whole: bigint): boolean {
  const value = Number(`${whole}`);
  return !Number.isFinite(value) || (BigInt(value) !== whole && BigInt(toWholeDigits(`${value}`)) !== whole);
}

/** `1.5e+22` as 15000000000000000000000. */
function toWholeDigits(printed: string): string {
  const [mantissa = '', exponent] = printed.split('e+');
  if (exponent === undefined) return mantissa;
  const [whole = '', fraction = ''] = mantissa.split('.');
  return whole + fraction.padEnd(Number(exponent), '0');
}
