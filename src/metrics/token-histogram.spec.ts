import { expect, it } from '@jest/globals';
import { AggregatorRegistry, Histogram, Registry } from 'prom-client';
import { TokenHistogram } from './token-histogram.js';

it('behaves like the histogram of prom-client, in a registry and across processes', async () => {
  const [usual, own] = [new Registry(), new Registry()];
  const options = { name: 'gaps_seconds', help: 'Between two.', buckets: [0.01, 0.1, 1] };
  const histogram = new Histogram({ ...options, labelNames: ['workflow'], registers: [usual] });
  const tokens = new TokenHistogram({ ...options, labelName: 'workflow', registry: own });
  for (const [workflow, value] of [
    ['chat', 0.01],
    ['chat', 0.011],
    ['a "b"', 0],
    ['chat', 5],
  ] as const) {
    histogram.observe({ workflow }, value);
    tokens.findSeries(workflow).observe(value);
  }
  expect(await own.metrics()).toBe(await usual.metrics());
  const sum = async (registry: Registry): Promise<string> => {
    const json = (await registry.getMetricsAsJSON()) as unknown as object[];
    return AggregatorRegistry.aggregate([json, json]).metrics();
  };
  expect(await sum(own)).toBe(await sum(usual));
});
