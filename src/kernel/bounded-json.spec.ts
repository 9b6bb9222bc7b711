import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { writeBoundedJson } from './bounded-json.js';

const PLENTY = 1_000_000;

/** The written JSON, parsed again. */
const read = (value: unknown, limit = PLENTY): unknown => JSON.parse(writeBoundedJson(value, limit) ?? 'null');

describe('writeBoundedJson', () => {
  it('writes what JSON can hold as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(read(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('gives JSON near the limit for anything, and never throws', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
        fc.integer({ min: 0, max: 500 }),
        (value, limit) => {
          const json = writeBoundedJson(value, limit);
          if (json === undefined) return;
          expect(() => JSON.parse(json) as unknown).not.toThrow();
          expect(Buffer.byteLength(json)).toBeLessThan(limit + 4_000);
        },
      ),
    );
  });

  it('cuts texts of any characters, and says how much', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 200 }), fc.integer({ min: 10, max: 100 }), (text, limit) => {
        const shown = read({ text }, limit) as { text: string };
        expect(shown.text).toMatch(/…\[\d+ of \d+ characters cut off\]$/);
        expect(Buffer.byteLength(JSON.stringify(shown))).toBeLessThan(limit + 150);
      }),
    );
  });

  it('describes what JSON cannot hold', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const twice = { a: 1 };
    const value = {
      big: 12n,
      date: new Date(0),
      never: new Date(Number.NaN),
      map: new Map<unknown, unknown>([
        ['k', 1],
        [2, 'two'],
      ]),
      set: new Set([1, 'b']),
      nan: Number.NaN,
      error: new RangeError('too far'),
      bytes: new Uint8Array(5),
      url: new URL('http://x/y'),
      circular,
      fn: () => 1,
      undef: undefined,
      list: [undefined, Symbol('x')],
      both: [twice, twice],
      get thrower(): never {
        throw new Error('no');
      },
      toJson: {
        toJSON: () => {
          throw new Error('no');
        },
      },
      proxy: new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
    };
    expect(read(value)).toEqual({
      big: '12',
      date: '1970-01-01T00:00:00.000Z',
      never: '<invalid date>',
      map: { k: 1, 2: 'two' },
      set: [1, 'b'],
      nan: 'NaN',
      error: 'RangeError: too far',
      bytes: '<Uint8Array, 5 bytes>',
      url: 'http://x/y',
      circular: { self: '<circular>' },
      list: [null, null],
      both: [{ a: 1 }, { a: 1 }],
      thrower: '<not readable>',
      toJson: '<not readable>',
      proxy: '<not readable>',
    });
    expect(writeBoundedJson(undefined, PLENTY)).toBeUndefined();
    expect(writeBoundedJson(() => 1, PLENTY)).toBeUndefined();
  });

  it('comes to an end on values that are endless or very deep', () => {
    const bottomless: object = new Proxy(
      {},
      {
        get: () => bottomless,
        ownKeys: () => ['a'],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
      },
    );
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    for (const value of [bottomless, deep, { deep }])
      expect(writeBoundedJson(value, PLENTY)?.length).toBeLessThan(10_000);
  });

  it('counts what it leaves out of lists and objects', () => {
    expect(read([1, 2, 3, 'x'.repeat(100), 5, 6], 20)).toEqual([
      1,
      2,
      3,
      expect.any(String),
      '…[2 of 6 items cut off]',
    ]);
    const object = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`key-${i}`, i]));
    expect(read(object, 20)).toEqual({ 'key-0': 0, 'key-1': 1, '…': '…[8 of 10 properties cut off]' });
  });

  it('does not read what it would cut off', () => {
    let reads = 0;
    const items = Array.from({ length: 100_000 }, () => ({
      get text() {
        reads++;
        return 'x'.repeat(100);
      },
    }));
    expect(writeBoundedJson(items, 10_000)?.length).toBeLessThan(11_000);
    expect(reads).toBeLessThan(200);
  });

  it('stops reading properties that JSON leaves out, too', () => {
    let reads = 0;
    const object = Object.defineProperties(
      {},
      Object.fromEntries(
        Array.from({ length: 100_000 }, (_, i) => [`k${i}`, { enumerable: true, get: () => void reads++ }]),
      ),
    );
    expect(writeBoundedJson(object, 1_000)).toContain('properties cut off');
    expect(reads).toBeLessThan(1_100);
  });

  it('has texts shortened before they are written', () => {
    const shorten = (text: string, key: string | undefined): { text: string; beyond: number } => ({
      text: `${key ?? '-'}:${text.length}`,
      beyond: key === 'c' ? 5 : 0,
    });
    expect(writeBoundedJson({ a: 'xx', b: ['x'.repeat(5_000)], c: 'xx' }, 100, shorten)).toBe(
      '{"a":"a:2","b":["-:5000"],"c":"c:2…[5 of 8 characters cut off]"}',
    );
  });
});
