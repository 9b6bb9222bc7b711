import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isSampled } from './sampling.js';
import { parseTraceparent } from './traceparent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('parseTraceparent', () => {
  it("reads the caller's trace", () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
    expect(parseTraceparent(` 00-${TRACE}-${SPAN}-02 `)?.sampled).toBe(false);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-09-what-comes-later`)?.sampled).toBe(true);
  });

  it.each([
    undefined,
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ])('ignores %s', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });
});

describe('isSampled', () => {
  const ids = fc.stringMatching(/^[0-9a-f]{32}$/);

  it('keeps all or none at the ends of the scale', () => {
    fc.assert(fc.property(ids, (id) => isSampled(id, 1) && !isSampled(id, 0)));
  });

  it('keeps at a higher rate whatever it keeps at a lower one', () => {
    const rate = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(ids, rate, rate, (id, a, b) => !isSampled(id, Math.min(a, b)) || isSampled(id, Math.max(a, b))),
    );
  });

  it('keeps about the given fraction', () => {
    const all = Array.from({ length: 1_000 }, (_, i) =>
      ((i * 0x9e3779b97f4a7) % 2 ** 52).toString(16).padStart(32, '0'),
    );
    const taken = all.filter((id) => isSampled(id, 0.25)).length;
    expect(taken).toBeGreaterThan(200);
    expect(taken).toBeLessThan(300);
  });
});
