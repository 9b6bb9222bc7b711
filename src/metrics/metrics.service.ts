import cluster from 'node:cluster';
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge } from 'prom-client';
import type { Outcome } from '../errors/index.js';
import { Clock } from '../kernel/index.js';
import { Tracer } from '../tracing/index.js';
import { ClusterMetrics } from './cluster-metrics.js';
import { Instruments } from './instruments.js';
import { makeDroppedLinesCounter, makeShownCounter, type ShownCount } from './shown-counter.js';
import { StreamMetrics } from './stream-metrics.js';
import { registerTracingMetrics } from './tracing-metrics.js';

/** A request that is over. */
interface MeasuredRequest {
  /** Id of the workflow; `unknown` if no workflow has the requested name, `none` if none was requested. */
  readonly workflow: string;
  readonly outcome: Outcome;
  readonly streamed: boolean;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** A number for {@link Metrics.showNumber}. */
interface ShownNumber {
  readonly name: string;
  readonly help: string;
  readonly value: () => number | Promise<number>;
  /** How the values of several processes of one server are combined. Default: the sum. */
  readonly together?: 'sum' | 'min' | 'max';
}

/** Outcomes that alerts watch, whose series begin at 0: Prometheus sees no growth in a series that begins at 1. */
const ALERTED: readonly Outcome[] = ['internal_error', 'overloaded'];

/** Counts and measures what this process does, in words of the product. */
@Injectable()
export class Metrics {
  /** The metrics themselves. */
  readonly instruments = new Instruments();
  readonly #cluster: ClusterMetrics | undefined;
  /** Labels of requests whose series exist. */
  readonly #seen = new Set<string>();
  #hasDefaults = false;

  constructor(
    private readonly clock: Clock,
    tracer: Tracer,
  ) {
    registerTracingMetrics(this.instruments.registry, tracer);
    if (cluster.isWorker) {
      // Any of the processes may be scraped, and then asks all others.
      this.#watchProcess();
      this.#cluster = new ClusterMetrics(this.instruments.registry);
    }
  }

  /** Media type of {@link renderPage}. */
  get contentType(): string {
    return this.instruments.registry.contentType;
  }

  /** Counts a request that is over. */
  recordRequest({ workflow, outcome, streamed, durationMs }: MeasuredRequest): void {
    const stream = String(streamed);
    if (!this.#seen.has(workflow + stream)) {
      this.#seen.add(workflow + stream);
      for (const rare of ALERTED) this.instruments.requests.inc({ workflow, outcome: rare, stream }, 0);
    }
    this.instruments.requests.inc({ workflow, outcome, stream });
    this.instruments.requestDuration.observe({ workflow, stream }, durationMs / 1_000);
  }

  /** Shows a number that is read at each scrape. A later number of the same name replaces it. */
  showNumber({ name, help, value, together = 'sum' }: ShownNumber): void {
    const { registry } = this.instruments;
    registry.removeSingleMetric(name);
    const collect = async function (this: Gauge): Promise<void> {
      this.set(await value());
    };
    registry.registerMetric(new Gauge({ name, help, aggregator: together, registers: [], collect }));
  }

  /** Shows how often something has happened so far. A later count of the same name replaces it. */
  showCount(count: ShownCount): void {
    const { registry } = this.instruments;
    registry.removeSingleMetric(count.name);
    registry.registerMetric(makeShownCounter(count));
  }

  /** Shows how many lines of the log were lost so far. */
  showDroppedLines(count: () => number): void {
    this.instruments.registry.registerMetric(makeDroppedLinesCounter(count));
  }

  /**
   * Begins to measure a streamed response, whose end must be reported.
   * @param startedAt when the request arrived, by the monotonic clock
   */
  measureStream(workflow: string, startedAt: number): StreamMetrics {
    return new StreamMetrics(this.instruments, this.clock, workflow, startedAt);
  }

  /**
   * Renders all metrics in Prometheus' text format, of all processes that share the port. The process itself (event loop, garbage
   * collection) is measured from the first call on, so that it costs nothing without scrapes.
   */
  async renderPage(): Promise<string> {
    this.#watchProcess();
    return this.#cluster?.requestPage() ?? this.instruments.registry.metrics();
  }

  #watchProcess(): void {
    if (this.#hasDefaults) return;
    this.#hasDefaults = true;
    collectDefaultMetrics({ register: this.instruments.registry });
  }
}
