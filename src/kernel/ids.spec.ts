import { describe, expect, it } from '@jest/globals';
import { RandomIdSource } from './ids.js';

describe('RandomIdSource', () => {
  it.each(['completionId', 'requestId'] as const)('never gives the same %s twice', (kind) => {
    const source = new RandomIdSource();
    const ids = Array.from({ length: 10_000 }, () => source[kind]());
    expect(new Set(ids).size).toBe(ids.length);
    const shape = kind === 'completionId' ? /^chatcmpl-[0-9a-f]{24}$/ : /^req_[0-9a-f]{24}$/;
    expect(ids.filter((id) => !shape.test(id))).toEqual([]);
  });
});
