import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, Gauge, Registry } from 'prom-client';
import type { Clock } from '../kernel/index.js';
import { askForOwnMetrics, isMetricsMessage, type MetricsJson, type MetricsMessage } from './cluster-metrics.js';
import { makeDroppedLinesCounter } from './shown-counter.js';

/** How long the workers may take to reply, in milliseconds; one that hangs must not delay the metrics of the others. */
const LIMIT_MS = 1_000;

/** Kinds of metrics whose counts outlive their worker. */
const SUMMED: ReadonlySet<string> = new Set(['counter', 'histogram']);

/** What the primary process measures itself. */
interface OwnNumbers {
  /** How many workers there should be. */
  readonly processes: number;
  /** How many lines of this process's log were dropped. */
  readonly countDroppedLines: () => number;
}

/**
 * In the primary process: adds up the metrics of all workers. A worker that does not reply in time counts with its last reply, and one
 * that has ended counts with its counters: Prometheus would take a falling sum for a restart of the whole server.
 */
export class GatheredMetrics {
  readonly #clock: Clock;
  readonly #own = new Registry();
  readonly #answered: Gauge;
  /** The last reply of each worker that listens. */
  readonly #latest = new Map<Worker, MetricsJson>();
  /** Counters and histograms of workers that have ended, added up. */
  #ended: MetricsJson = [];
  readonly #gathering = new Map<number, (worker: Worker) => void>();
  #questions = 0;

  constructor(clock: Clock, { processes, countDroppedLines }: OwnNumbers) {
    this.#clock = clock;
    const registers = [this.#own];
    const count = new Gauge({
      name: 'millrace_processes',
      help: 'How many processes should share the port.',
      registers,
    });
    count.set(processes);
    this.#answered = new Gauge({
      name: 'millrace_processes_answered',
      help: 'How many of them sent their metrics within a second; the others count with the last ones they sent.',
      registers,
    });
    this.#own.registerMetric(makeDroppedLinesCounter(countDroppedLines));
  }

  /** Replies to each worker that asks for the metrics of all. */
  listen(): void {
    cluster.on('listening', (worker) => this.#latest.set(worker, this.#latest.get(worker) ?? []));
    cluster.on('exit', (worker) => this.#forget(worker));
    cluster.on('message', (worker, message: unknown) => {
      if (isMetricsMessage(message, 'all')) {
        const reply = (page?: string): void => send(worker, { ...message, ...(page !== undefined && { page }) });
        this.#makePage().then(reply, () => reply());
      } else if (isMetricsMessage(message, 'one') && message.metrics !== undefined && this.#latest.has(worker)) {
        this.#latest.set(worker, message.metrics);
        this.#gathering.get(message.id)?.(worker);
      }
    });
  }

  async #makePage(): Promise<string> {
    this.#answered.set(await this.#gather());
    const own = (await this.#own.getMetricsAsJSON()) as unknown as MetricsJson;
    return AggregatorRegistry.aggregate([own, this.#ended, ...this.#latest.values()]).metrics();
  }

  /**
   * Asks all workers.
   * @returns how many have replied
   */
  async #gather(): Promise<number> {
    const id = this.#questions++;
    const asked = new Set(this.#latest.keys());
    const all = asked.size;
    if (all === 0) return 0;
    await new Promise<void>((resolve) => {
      const limit = this.#clock.after(LIMIT_MS, resolve);
      this.#gathering.set(id, (worker) => {
        asked.delete(worker);
        if (asked.size > 0) return;
        limit.cancel();
        resolve();
      });
      for (const worker of asked) send(worker, askForOwnMetrics(id));
    });
    this.#gathering.delete(id);
    return all - asked.size;
  }

  #forget(worker: Worker): void {
    const counted = (this.#latest.get(worker) ?? []).filter(({ type }) => SUMMED.has(String(type)));
    this.#latest.delete(worker);
    if (counted.length === 0) return;
    void AggregatorRegistry.aggregate([this.#ended, counted])
      .getMetricsAsJSON()
      .then((sum) => (this.#ended = sum as unknown as MetricsJson));
  }
}

function send(worker: Worker, message: MetricsMessage): void {
  // A worker may just have gone, which is not an error.
  if (worker.isConnected()) worker.process.send(message, undefined, undefined, () => undefined);
}
