import { type Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

/** The type of messages about the metrics of all workers, which a worker asks the primary process for. */
const ALL_METRICS = 'millrace:metrics-of-all';
/** The type of messages about the metrics of one worker, which the primary process asks it for. */
const OWN_METRICS = 'millrace:metrics-of-one';
/** How long the metrics of all may take, in milliseconds: longer than the primary process waits for its workers. */
const LIMIT_MS = 5_000;

/** A registry's metrics as they pass from process to process. */
export type MetricsJson = readonly MetricObjectWithValues<MetricValue<string>>[];

/** A question about metrics, or the reply to it, which has one more field. */
export interface MetricsMessage {
  readonly type: typeof ALL_METRICS | typeof OWN_METRICS;
  readonly id: number;
  /** The metrics of all, in Prometheus' text format; absent if they are not available. */
  readonly page?: string;
  /** The metrics of one worker. */
  readonly metrics?: MetricsJson;
}

/** Whether a message is a question or reply about the metrics of all workers, or of one. */
export function isMetricsMessage(message: unknown, about: 'all' | 'one'): message is MetricsMessage {
  const type = about === 'all' ? ALL_METRICS : OWN_METRICS;
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === type && 'id' in message
  );
}

/** Makes the question for the metrics of one worker. */
export function askForOwnMetrics(id: number): MetricsMessage {
  return { type: OWN_METRICS, id };
}

/** In a worker: gets the metrics of all workers, whichever of them is scraped. */
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

  /**
   * Asks the primary process for the metrics of all, in Prometheus' text format.
   * @throws Error if it does not reply in time
   */
  async requestPage(): Promise<string> {
    const id = this.#requests++;
    try {
      return await new Promise<string>((resolve, reject) => {
        const limit = AbortSignal.timeout(LIMIT_MS);
        limit.addEventListener('abort', () =>
          reject(new Error(`The metrics of all processes took longer than ${LIMIT_MS} ms`)),
        );
        this.#waiting.set(id, (page) => {
          if (page === undefined) reject(new Error('The metrics of all processes are not available'));
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
