import cluster from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';

const REQUEST = 'millrace:metrics';
/** How long the other processes may take, in milliseconds. */
const LIMIT_MS = 5_000;

interface MetricsRequest {
  readonly type: typeof REQUEST;
  readonly id: number;
}

interface MetricsAnswer extends MetricsRequest {
  /** Undefined if the metrics could not be had. */
  readonly page?: string;
}

/** In the process that keeps the workers: lets each of them show the metrics of all. */
export function answerClusterMetrics(): void {
  const aggregator = new AggregatorRegistry();
  cluster.on('message', (worker, message: unknown) => {
    if (!isRequest(message)) return;
    const answer = (page?: string): void => {
      if (worker.isConnected())
        worker.send({ ...message, ...(page !== undefined && { page }) } satisfies MetricsAnswer);
    };
    aggregator.clusterMetrics().then(answer, () => answer());
  });
}

/** In a worker: the metrics of all of them together, whichever one is asked. */
export class ClusterMetrics {
  readonly #waiting = new Map<number, (page: string | undefined) => void>();
  #requests = 0;

  /** Has the worker's own metrics in the sum from here on. */
  constructor(own: Registry) {
    AggregatorRegistry.setRegistries(own);
    void new AggregatorRegistry();
    process.on('message', (message: unknown) => {
      if (isRequest(message)) this.#waiting.get(message.id)?.((message as MetricsAnswer).page);
    });
  }

  /** @throws Error if the other processes do not answer in time */
  async page(): Promise<string> {
    const id = this.#requests++;
    try {
      return await new Promise<string>((resolve, reject) => {
        const limit = AbortSignal.timeout(LIMIT_MS);
        limit.addEventListener('abort', () =>
          reject(new Error(`The metrics of all processes took longer than ${LIMIT_MS} ms`)),
        );
        this.#waiting.set(id, (page) => {
          if (page === undefined) reject(new Error('The metrics of another process cannot be had'));
          else resolve(page);
        });
        process.send?.({ type: REQUEST, id } satisfies MetricsRequest);
      });
    } finally {
      this.#waiting.delete(id);
    }
  }
}

function isRequest(message: unknown): message is MetricsRequest {
  return (
    typeof message === 'object' && message !== null && 'type' in message && message.type === REQUEST && 'id' in message
  );
}
