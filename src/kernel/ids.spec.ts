import { describe, expect, it } from '@jest/globals';
import { RandomIdSource } from './ids.js';

describe('RandomIdSource', () => {
  it.each([
    ['runId', /^[0-9a-f]{24}$/],
    ['requestId', /^[0-9a-f]{24}$/],
    ['itemId', /^[0-9a-f]{48}$/],
    ['traceId', /^[0-9a-f]{32}$/],
    ['spanId', /^[0-9a-f]{16}$/],
  ] as const)('never gives the same %s twice', (kind, shape) => {
    const source = new RandomIdSource();
    const ids = Array.from({ length: 10_000 }, () => source[kind]());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !shape.test(id))).toEqual([]);
  });
});
