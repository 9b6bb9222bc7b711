import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { ResponseMemory, type ResponseEntry } from './response-memory.js';

const makeEntry = (body: string): ResponseEntry => ({ fingerprint: 'f', response: { status: 200, body } });

describe('ResponseMemory', () => {
  it('keeps responses for the configured time', () => {
    const clock = new FakeClock();
    const memory = new ResponseMemory({ ttlMs: 1_000, maxBytes: 100_000 }, clock);
    memory.set('a', makeEntry('first'));
    clock.advance(999);
    expect(memory.get('a')?.response.body).toBe('first');
    clock.advance(1);
    expect(memory.get('a')).toBeUndefined();
  });

  it('drops the oldest when the memory is full, and takes no response that could never fit', () => {
    const memory = new ResponseMemory({ ttlMs: 1_000, maxBytes: 10_000 }, new FakeClock());
    const big = 'x'.repeat(2_000);
    memory.set('a', makeEntry(big));
    memory.set('b', makeEntry(big));
    memory.set('a', makeEntry(big));
    memory.set('c', makeEntry(big));
    expect(['a', 'b', 'c'].map((id) => memory.get(id) !== undefined)).toEqual([true, false, true]);
    memory.set('d', makeEntry('x'.repeat(5_000)));
    expect(['a', 'c', 'd'].map((id) => memory.get(id) !== undefined)).toEqual([true, true, false]);
  });
});
