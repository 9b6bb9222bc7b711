import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidRequestError } from '../../../errors/index.js';
import { isMisread } from './exact-number.js';
import { makeJsonError, parseJson } from './parse-json.js';
import { findPath } from './path-in-json.js';
import type { JsonLimits } from '../../../kernel/index.js';
import { scanJson } from './scan-json.js';

const WIDE: JsonLimits = { values: 1_000_000, depth: 1_000 };
const scan = (text: string, limits: Partial<JsonLimits> = {}): ReturnType<typeof scanJson> =>
  scanJson(Buffer.from(text), { ...WIDE, ...limits });

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + countValues(inner), 1);
}

function measureDepth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce<number>((most, inner) => Math.max(most, measureDepth(inner)), 0);
}

/** JSON with spaces, long strings, and strings that look like JSON. */
const json = fc
  .tuple(
    fc.jsonValue({ maxDepth: 6 }),
    fc.constantFrom('', '\\', '"', '\\"', '{"a":[1,2]}', 'x'.repeat(100), '\\'.repeat(99), `${'"\\'.repeat(60)}é😀`),
    fc.constantFrom(undefined, 1, '\t'),
  )
  .map(([value, text, space]) => JSON.stringify({ value, [text]: text, list: [text, value, text] }, undefined, space));

describe('scanJson', () => {
  it('counts the values that the parser makes', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(scan(text)).toBe(countValues(JSON.parse(text)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps exactly to the limits', () => {
    fc.assert(
      fc.property(json, (text) => {
        const value: unknown = JSON.parse(text);
        const [values, depth] = [countValues(value), measureDepth(value)];
        expect(scan(text, { values, depth })).toBe(values);
        expect(scan(text, { values: values - 1 })).toMatchObject({ kind: 'too many values' });
        expect(scan(text, { depth: depth - 1 })).toMatchObject({ kind: 'too deep' });
      }),
    );
  });

  it('comes to an end on any text, JSON or not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'{}[]",:\\1e-+.tx \u{1F600}')).map((all) => all.join('')),
        (text) => {
          scan(text);
          findPath(Buffer.from(text), text.length);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('finds integers that would change, and their places', () => {
    const text = `{"a":[{"b\\"":1},{"tools":[1,{"deep":9007199254740993}]}]}`;
    const fault = scan(text);
    expect(fault).toEqual({ kind: 'misread number', at: text.indexOf('9007') });
    if (typeof fault === 'number') throw new Error('no fault');
    expect(makeJsonError(Buffer.from(text), fault, WIDE)).toMatchObject({
      status: 400,
      code: 'inexact_number',
      param: 'a[1].tools[1].deep',
      message: expect.stringContaining('9007199254740993'),
    });
  });

  it('names the parameter that is nested too deeply', () => {
    const text = `{"metadata":{"a":[1]},"tools":[{"parameters":${'{"a":['.repeat(10_000)}`;
    const fault = scan(text, { depth: 500 });
    if (typeof fault === 'number') throw new Error('no fault');
    expect(makeJsonError(Buffer.from(text), fault, { ...WIDE, depth: 500 })).toMatchObject({
      param: 'tools',
      code: 'invalid_value',
    });
  });

  it.each([
    ['[9007199254740993]', '[0]'],
    ['9007199254740993', null],
    ['{"seed": -9007199254740993}', 'seed'],
    ['{"a":{"\\u0062":1e400}}', 'a.b'],
    ['{"a":{"x y":{"c":1e400}}}', 'a'],
    ['{"\\n":1e400}', null],
    ['{"a":1,"b":[[],[{},1E999]]}', 'b[1][1]'],
  ])('names the place in %s', (text, path) => {
    const fault = scan(text);
    expect(typeof fault === 'number' ? fault : findPath(Buffer.from(text), fault.at)).toBe(path);
  });
});

describe('isMisread', () => {
  it.each([
    '0',
    '-0',
    '9007199254740991',
    '-9007199254740992',
    '9007199254740994',
    '18014398509481984',
    '1e23',
    '1E+22',
    '100000000000000000000000',
    '1.7976931348623157e308',
    '0.1234567890123456789',
    '90071992547409930e-1000',
    '5e-400',
    '9007199254740992.0',
    '.5',
    '1.2.3',
    '--1',
  ])('is false for %s', (text) => {
    expect(isMisread(text)).toBe(false);
  });

  it.each([
    '9007199254740993',
    '-9007199254740993',
    '9223372036854775807',
    '18446744073709551615',
    '9007199254740993.0',
    '9007199254740993.5',
    '1152921504606846976',
    '9007199254740993e0',
    '900719925474099.3e1',
    '90071992547409930e-1',
    '123456789012345678901234567890',
    '1e309',
    '-1e400',
    '9'.repeat(1_000_000),
  ])('is true for %s', (text) => {
    expect(isMisread(text)).toBe(true);
  });

  it('agrees with exact arithmetic about integers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        const text = String(integer);
        // A number that is written again and read exactly: the shortest text that stands for the double.
        const kept = BigInt(
          JSON.stringify(Number(text)).replace(
            /^(-?\d)(?:\.(\d+))?e\+(\d+)$/,
            (_, one: string, more: string | undefined, power: string) => one + (more ?? '').padEnd(Number(power), '0'),
          ),
        );
        expect(isMisread(text)).toBe(kept !== integer);
      }),
    );
  });
});

describe('parseJson', () => {
  it.each(['', '{', '{"a":1,}', "{'a':1}", '{"secret":01}'])('refuses %j without quoting it', (text) => {
    expect(() => parseJson(Buffer.from(text))).toThrow(InvalidRequestError);
    expect(() => parseJson(Buffer.from(text))).not.toThrow(/secret/);
  });

  it('accepts a byte order mark', () => {
    expect(parseJson(Buffer.from('\uFEFF{"a":"\uFEFF"}'))).toEqual({ a: '\uFEFF' });
  });
});
