import { Counter, Gauge, type Registry } from 'prom-client';
import type { ExporterHealth, Tracer } from '../tracing/index.js';

/** One metric of each exporter. */
interface ExporterMetric {
  readonly name: string;
  readonly help: string;
  /** How the values of several processes become one; absent: they are added up. */
  readonly aggregator?: 'min' | 'max';
  /** Reads the value; it is not shown if it is undefined. */
  readonly readValue: (health: ExporterHealth) => number | undefined;
}

const COUNTERS: readonly ExporterMetric[] = [
  {
    name: 'millrace_tracing_exported_total',
    help: 'Traces delivered.',
    readValue: ({ exportedTraces }) => exportedTraces,
  },
  {
    name: 'millrace_tracing_dropped_total',
    help: 'Traces given up: the queue was full, or the backend refused them.',
    readValue: ({ droppedTraces }) => droppedTraces,
  },
  {
    name: 'millrace_tracing_failures_total',
    help: 'Requests to the backend that failed.',
    readValue: ({ failures }) => failures,
  },
];

const GAUGES: readonly ExporterMetric[] = [
  {
    name: 'millrace_tracing_up',
    help: '1 unless the last delivery to this tracing backend failed.',
    aggregator: 'min',
    readValue: ({ up }) => (up ? 1 : 0),
  },
  {
    name: 'millrace_tracing_queue_bytes',
    help: 'What waits to be delivered.',
    readValue: ({ queueBytes }) => queueBytes,
  },
  {
    name: 'millrace_tracing_last_success_timestamp_seconds',
    help: 'When something was delivered last, since the Unix epoch; absent before.',
    aggregator: 'max',
    readValue: ({ lastSuccessAt }) => (lastSuccessAt === undefined ? undefined : lastSuccessAt / 1_000),
  },
];

/** Adds the metrics of the delivery of traces. The tracer counts, and is asked at each scrape. */
export function registerTracingMetrics(registry: Registry, tracer: Tracer): void {
  const labelNames = ['exporter'] as const;
  const listValues = ({ readValue }: ExporterMetric): readonly (readonly [string, number])[] =>
    tracer.readHealth().exporters.flatMap((health) => {
      const value = readValue(health);
      return value === undefined ? [] : [[health.name, value] as const];
    });
  registry.registerMetric(
    new Counter({
      name: 'millrace_traces_started_total',
      help: 'Traces that were started.',
      registers: [],
      collect() {
        this.reset();
        this.inc(tracer.readHealth().startedTraces);
      },
    }),
  );
  for (const metric of COUNTERS) {
    const { name, help } = metric;
    const collect = function (this: Counter<'exporter'>): void {
      this.reset();
      for (const [exporter, value] of listValues(metric)) this.inc({ exporter }, value);
    };
    registry.registerMetric(new Counter({ name, help, labelNames, registers: [], collect }));
  }
  for (const metric of GAUGES) {
    const { name, help, aggregator = 'sum' } = metric;
    const collect = function (this: Gauge<'exporter'>): void {
      this.reset();
      for (const [exporter, value] of listValues(metric)) this.set({ exporter }, value);
    };
    registry.registerMetric(new Gauge({ name, help, labelNames, aggregator, registers: [], collect }));
  }
}
