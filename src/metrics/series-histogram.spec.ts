import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { SeriesHistogram } from './series-histogram.js';

const BOUNDS = [0.005, 0.1, 1, 2.5, 60];
const LABELS = ['workflow', 'outcome'] as const;

describe('SeriesHistogram', () => {
  it('shows what a histogram of prom-client shows', async () => {
    const value = fc.oneof(fc.constantFrom(...BOUNDS), fc.double({ min: 0, max: 100, noNaN: true }));
    const name = fc.constantFrom('chat', 'a"b\\c', 'x\ny', '');
    const observation = fc.record({ workflow: name, outcome: name, value });
    await fc.assert(
      fc.asyncProperty(fc.array(observation, { maxLength: 40 }), async (observations) => {
        const [ours, theirs] = [new Registry(), new Registry()];
        const histogram = new SeriesHistogram('time_seconds', 'Help.', LABELS, BOUNDS);
        ours.registerMetric(histogram);
        const usual = new Histogram({
          name: 'time_seconds',
          help: 'Help.',
          labelNames: LABELS,
          buckets: BOUNDS,
          registers: [theirs],
        });
        for (const [index, { value: seconds, ...labels }] of observations.entries()) {
          if (index % 2 === 0) histogram.series(labels).observe(seconds);
          else histogram.observe(labels, seconds);
          usual.observe(labels, seconds);
        }
        expect(await ours.metrics()).toBe(await theirs.metrics());
        // What the processes of a cluster send one another; nobody has exemplars.
        const usualJson: unknown = JSON.parse(
          JSON.stringify(await theirs.getMetricsAsJSON()).replaceAll('"exemplar":null,', ''),
        );
        expect(JSON.parse(JSON.stringify(await ours.getMetricsAsJSON()))).toEqual(usualJson);
      }),
      { numRuns: 50 },
    );
  });
});
