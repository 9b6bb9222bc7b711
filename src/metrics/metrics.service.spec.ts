import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MetricsPage } from '../../test/support/metrics-page.js';
import { type ExporterHealth, NoopTracer, type TracingHealth } from '../tracing/index.js';
import { CallMetrics } from './call-metrics.js';
import { Metrics } from './metrics.service.js';

const exporter: ExporterHealth = {
  name: 'otlp',
  up: false,
  exportedTraces: 5,
  droppedTraces: 2,
  failures: 3,
  queueBytes: 1_024,
  lastSuccessAt: undefined,
};

class TracerWithHealth extends NoopTracer {
  current: TracingHealth = { startedTraces: 7, exporters: [exporter] };

  override readHealth(): TracingHealth {
    return this.current;
  }
}

function makeMetrics() {
  const clock = new FakeClock();
  const tracer = new TracerWithHealth();
  const metrics = new Metrics(clock, tracer);
  return { clock, tracer, metrics, page: async () => new MetricsPage(await metrics.renderPage()) };
}

describe('Metrics', () => {
  it('measures a stream when it is written to, and not after its end', async () => {
    const { clock, metrics, page } = makeMetrics();
    const stream = metrics.measureStream('chat', clock.monotonic());
    clock.advance(40);
    stream.recordTokens(clock.monotonic());
    clock.advance(3);
    stream.recordTokens(clock.monotonic());
    stream.recordPause();
    stream.recordPause();
    expect((await page()).sum('millrace_paused_streams', { workflow: 'chat' })).toBe(1);
    clock.advance(2_000);
    stream.end();
    stream.end();
    stream.recordPause();
    const after = await page();
    expect(stream.firstTokenMs).toBe(40);
    expect(after.sum('millrace_time_to_first_token_seconds_sum')).toBeCloseTo(0.04);
    expect(after.sum('millrace_time_between_tokens_seconds_sum')).toBeCloseTo(0.003);
    expect(after.sum('millrace_slow_client_pause_seconds_sum')).toBeCloseTo(2);
    for (const name of ['millrace_open_streams', 'millrace_paused_streams']) expect(after.sum(name)).toBe(0);
  });

  it('counts the tokens of a call, and ignores what is not a count', async () => {
    const { clock, metrics, page } = makeMetrics();
    const call = new CallMetrics(metrics.instruments, clock, 'chat', { provider: 'openai', model: 'm' });
    call.recordEnd('stop', {
      prompt_tokens: 5,
      completion_tokens: 9,
      total_tokens: 14,
      prompt_tokens_details: { cached_tokens: Number.NaN },
      completion_tokens_details: { reasoning_tokens: -1 },
    });
    const tokens = (await page()).filter('millrace_tokens_total');
    expect(tokens.map(({ labels, value }) => [labels['kind'], value])).toEqual([
      ['input', 5],
      ['output', 9],
    ]);
    expect((await page()).sum('millrace_model_calls_total')).toBe(1);
  });

  it('shows the health of tracing as it is at each scrape', async () => {
    const { tracer, page } = makeMetrics();
    const labels = { exporter: 'otlp' };
    const readHealth = async (): Promise<Record<string, number[]>> => {
      const metrics = await page();
      const values = (name: string, of: Record<string, string> = labels): number[] =>
        metrics.filter(`millrace_${name}`, of).map(({ value }) => value);
      return {
        started: values('traces_started_total', {}),
        up: values('tracing_up'),
        exported: values('tracing_exported_total'),
        dropped: values('tracing_dropped_total'),
        failures: values('tracing_failures_total'),
        bytes: values('tracing_queue_bytes'),
        lastSuccess: values('tracing_last_success_timestamp_seconds'),
      };
    };
    const first = {
      started: [7],
      up: [0],
      exported: [5],
      dropped: [2],
      failures: [3],
      bytes: [1_024],
      lastSuccess: [],
    };
    expect(await readHealth()).toEqual(first);
    const health = { ...exporter, up: true, exportedTraces: 6, lastSuccessAt: 1_790_000_000_000 };
    tracer.current = { startedTraces: 8, exporters: [health] };
    expect(await readHealth()).toEqual({
      ...first,
      started: [8],
      up: [1],
      exported: [6],
      lastSuccess: [1_790_000_000],
    });
  });
});
