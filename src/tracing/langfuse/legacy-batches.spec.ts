import { describe, expect, it } from '@jest/globals';
import { splitIntoBatches } from './legacy-batches.js';
import type { LegacyEvent } from './legacy-events.js';

const event = (
  id: string,
  fields: { input?: unknown; output?: unknown; metadata?: Record<string, unknown> },
): LegacyEvent => ({
  id,
  type: 'span-create',
  timestamp: '2026-11-23T08:00:00.000Z',
  body: {
    id,
    traceId: 'trace',
    name: 'node',
    startTime: '2026-11-23T08:00:00.000Z',
    endTime: '2026-11-23T08:00:00.000Z',
    level: 'DEFAULT',
    metadata: {},
    ...fields,
  },
});

const countBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('splitIntoBatches', () => {
  it('keeps events that fit into one request together, in order', () => {
    const events = [event('a', {}), event('b', {}), event('c', {})];
    expect(splitIntoBatches(events)).toEqual([events]);
    expect(splitIntoBatches([])).toEqual([]);
  });

  it('fills requests up to 2.5 MB, in bytes and not in characters', () => {
    // Three bytes each, so about 600 kB.
    const events = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((id) => event(id, { input: '€'.repeat(200_000) }));
    const batches = splitIntoBatches(events);
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 1]);
    expect(batches.flat()).toEqual(events);
    for (const batch of batches) expect(countBytes({ batch })).toBeLessThanOrEqual(2_500_000);
  });

  it('never exceeds the limit by a single byte', () => {
    const frame = countBytes({ batch: [] });
    const separators = 2;
    const empty = countBytes(event('a', { input: '' }));
    const makeSized = (id: string, bytes: number): LegacyEvent => event(id, { input: 'x'.repeat(bytes - empty) });
    const lastFits = 2_500_000 - frame - separators - 900_000 - 900_000 - 1;
    const full = [makeSized('a', 900_000), makeSized('b', 900_000), makeSized('c', lastFits)];
    expect(splitIntoBatches(full)).toHaveLength(1);
    expect(splitIntoBatches([...full.slice(0, 2), makeSized('c', lastFits + 1)])).toHaveLength(2);
  });

  it('drops only the longest parts of an event that is too long', () => {
    const long = {
      input: 'i'.repeat(400_000),
      output: ['o'.repeat(500_000)],
      metadata: { m: 'm'.repeat(450_000), n: 'n' },
    };
    const original = event('a', long);
    const [[fitted] = []] = splitIntoBatches([original]);
    expect(fitted?.body).toMatchObject({
      input: long.input,
      output: '<left out: 500004 bytes>',
      metadata: { m: long.metadata.m, n: 'n' },
    });
    expect(countBytes(fitted)).toBeLessThan(1_000_000);
    expect(original.body.output).toBe(long.output);
  });

  it('counts the bytes that escaping adds', () => {
    const [[fitted] = []] = splitIntoBatches([event('a', { input: '\u0000'.repeat(256 * 1024), output: 'short' })]);
    expect(fitted?.body).toMatchObject({ input: expect.stringMatching(/^<left out: \d+ bytes>$/), output: 'short' });
  });
});
