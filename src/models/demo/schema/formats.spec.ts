import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { FORMAT_GENERATORS, hasFormat, isKnownFormat } from './formats.js';

/** A source of numbers that fast-check decides. */
function randomFrom(next: () => number): Parameters<(typeof FORMAT_GENERATORS)[string]>[0] {
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    bool: () => next() < 0.5,
    pick: <T>(list: readonly T[]) => list[int(0, list.length - 1)] as T,
    shuffle: <T>(list: T[]) => [...list],
    fork: () => randomFrom(next),
  };
}

describe('formats', () => {
  it.each(Object.entries(FORMAT_GENERATORS))('%s has values that fit it', (name, make) => {
    const ajv = new Ajv({ strict: false, logger: false });
    addFormats.default(ajv);
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (numbers) => {
        const value = make(randomFrom(() => numbers.next().value ?? 0));
        expect(hasFormat(value, name)).toBe(true);
        // ajv lets pass what is of a format that it does not know, such as iri.
        expect(ajv.validate({ type: 'string', format: name }, value)).toBe(true);
      }),
    );
  });

  it.each([
    ['date', '2023-02-29'],
    ['time', '24:00:00Z'],
    ['date-time', '2024-01-01 10:00'],
    ['duration', 'PT'],
    ['email', 'ada'],
    ['hostname', '-a'],
    ['ipv4', '256.1.1.1'],
    ['ipv6', '1:2'],
    ['uri', '/a b'],
    ['uri-reference', 'a b'],
    ['uri-template', '{'],
    ['uuid', 'x'],
    ['json-pointer', 'a'],
    ['relative-json-pointer', '/a'],
    ['regex', '('],
  ])('%s is not %p', (name, text) => {
    expect(hasFormat(text, name)).toBe(false);
  });

  it('lets pass what is of a format that nobody knows', () => {
    expect(hasFormat('x', 'colour')).toBe(true);
    expect([isKnownFormat('colour'), isKnownFormat('toString'), isKnownFormat('uuid')]).toEqual([false, false, true]);
  });
});
