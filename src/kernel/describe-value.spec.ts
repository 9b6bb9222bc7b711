import { describe, expect, it } from '@jest/globals';
import { describeValue } from './describe-value.js';

describe('describeValue', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<[unknown, string]>([
    ['word', '"word"'],
    ['line\nbreak', String.raw`"line\nbreak"`],
    ['x'.repeat(100), `"${'x'.repeat(64)}"`],
    [1.5, '1.5'],
    [-0, '0'],
    [Number.NaN, 'NaN'],
    [10n ** 100n, `1${'0'.repeat(63)}`],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [(): number => 1, 'a function'],
    [[1, 2], 'an array'],
    [{ a: 1 }, 'an object'],
    [{ toString: 1, valueOf: 1 }, 'an object'],
    [[{ toString: 1 }], 'an array'],
    [Object.create(null), 'an object'],
    [revoked.proxy, 'an object'],
  ])('takes case %#', (value, expected) => {
    expect(describeValue(value)).toBe(expected);
  });
});
