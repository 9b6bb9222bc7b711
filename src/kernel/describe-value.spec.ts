import { describe, expect, it } from '@jest/globals';
import { describeKind, describeValue } from './describe-value.js';

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
  ])('describes case %#', (value, expected) => {
    expect(describeValue(value)).toBe(expected);
  });
});

describe('describeKind', () => {
  it.each<[unknown, string]>([
    ['secret', 'a text'],
    [3, 'a number'],
    [3n, 'a bigint'],
    [undefined, 'undefined'],
    [null, 'null'],
    [['secret'], 'an array'],
    [{ secret: 1 }, 'an object'],
    [(): number => 1, 'a function'],
  ])('tells nothing of what a value holds: case %#', (value, expected) => {
    expect(describeKind(value)).toBe(expected);
  });
});
