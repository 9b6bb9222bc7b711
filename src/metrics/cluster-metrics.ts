import { type Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

/** What a worker asks the process that keeps the workers: the metrics of all. */
const ALL_METRICS = 'millrace:metrics-of-all';
/** What that process asks each worker: its own. */
const OWN_METRICS = 'millrace:metrics-of-one';
/** How long the metrics of all may take, in milliseconds: more than what the process that gathers them waits. */
const LIMIT_MS = 5_000;

/** A registry's metrics as they pass from process to process. */
export type MetricsJson = readonly MetricObjectWithValues<MetricValue<string>>[];

/** A question about metrics, or the answer to it, which is the same with one field more. */
export interface MetricsMessage {
  readonly type: typeof ALL_METRICS | typeof OWN_METRICS;
  readonly id: number;
  /** Of all, in Prometheus' text format; absent if they could not be had. */
  readonly page?: string;
  /** Of one. */
  readonly metrics?: MetricsJson;
}

export function isMetricsMessage(message: unknown, about: 'all' | 'one'): message is MetricsMessage {
  const type = about === 'all' ? ALL_METRICS : OWN_METRICS;
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === type && 'id' in message
  );
}

/** The question for the metrics of one worker. */
export function askForOwnMetrics(id: number): MetricsMessage {
  return { type: OWN_METRICS, id };
}

/** In a worker: the metrics of all of them together, whichever one is asked. */
export class ClusterMetrics {
  readonly #waiting = new Map<number, (page: string | undefined) => void>();
  #requests = 0;

  /** Adds the worker's own metrics to the sum from now on. */
  constructor(own: Registry) {
    process.on('message', (message: unknown) => {
      if (isMetricsMessage(message, 'all')) this.#waiting.get(message.id)?.(message.page);
      else if (isMetricsMessage(message, 'one')) void sendOwnMetrics(own, message);
    });
  }

  /** @throws Error if the process that keeps the workers does not answer in time */
  async requestPage(): Promise<string> {
    const id = this.#requests++;
    try {
      return await new Promise<string>((resolve, reject) => {
        const limit = AbortSignal.timeout(LIMIT_MS);
        limit.addEventListener('abort', () =>
          reject(new Error(`The metrics of all processes took longer than ${LIMIT_MS} ms`)),
        );
        this.#waiting.set(id, (page) => {
          if (page === undefined) reject(new Error('The metrics of all processes cannot be had'));
          else resolve(page);
        });
        process.send?.({ type: ALL_METRICS, id } satisfies MetricsMessage);
      });
    } finally {
      this.#waiting.delete(id);
    }
  }
}

async function sendOwnMetrics(own: Registry, question: MetricsMessage): Promise<void> {
  const metrics = (await own.getMetricsAsJSON()) as unknown as MetricsJson;
  if (process.connected) process.send?.({ ...question, metrics } satisfies MetricsMessage);
}
