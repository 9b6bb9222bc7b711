import { expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { MetricsPage } from '../../../test/support/metrics-page.js';
import { toRunError, UpstreamError } from '../../errors/index.js';
import { Metrics } from '../../metrics/index.js';
import { NoopTracer } from '../../tracing/index.js';
import type { CompiledWorkflow } from '../../workflow/index.js';
import { MetricsObserverFactory } from './metrics.observer.js';

it('counts nodes that are still at work when their run ends as aborted', async () => {
  const clock = new FakeClock();
  const metrics = new Metrics(clock, new NoopTracer());
  const observer = new MetricsObserverFactory(metrics, clock).observe({
    workflow: { id: 'chat' } as CompiledWorkflow,
    request: { model: 'chat', messages: [], parameters: {} },
    options: { id: 'run' },
  });
  const error = toRunError(new UpstreamError('Down.'));
  observer.next({ type: 'node-started', seq: 0, node: 'A', kind: 'agent', visible: false });
  observer.next({ type: 'node-started', seq: 1, node: 'B', kind: 'agent', visible: false });
  clock.advance(500);
  const how = { elapsedMs: 500, error, recovered: true, aborted: false };
  observer.next({ type: 'node-failed', seq: 2, node: 'A', ...how });
  observer.next({ type: 'run-failed', seq: 3, error, outcome: 'deadline' });
  const nodes = new MetricsPage(await metrics.renderPage()).filter('millrace_node_duration_seconds_sum');
  expect(nodes.map(({ labels, value }) => [labels['node'], labels['outcome'], value])).toEqual([
    ['A', 'recovered', 0.5],
    ['B', 'aborted', 0.5],
  ]);
});
