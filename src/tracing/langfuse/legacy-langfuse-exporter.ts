import { ExportError, type FinishedTrace, type TraceExporter } from '../recording/finished-trace.js';
import { splitIntoBatches } from './legacy-batches.js';
import { isTemporary, LegacyClient, type LegacyClientOptions, type RefusedEvent } from './legacy-client.js';
import { type Deployment, makeLegacyEvents } from './legacy-events.js';

/**
 * Sends traces to `POST /api/public/ingestion` of Langfuse up to version 3. From version 4 on, and in Langfuse Cloud since 16
 * November 2026, that endpoint refuses traces, and OTLP must be used.
 */
export class LegacyLangfuseExporter implements TraceExporter {
  readonly name = 'langfuse';
  readonly #client: LegacyClient;
  readonly #deployment: Deployment;

  constructor(options: LegacyClientOptions & Deployment) {
    this.#client = new LegacyClient(options);
    this.#deployment = options;
  }

  async export(traces: readonly FinishedTrace[], signal: AbortSignal): Promise<void> {
    const eventsByTrace = traces.map((trace) => makeLegacyEvents(trace, this.#deployment));
    const refusals: RefusedEvent[] = [];
    for (const batch of splitIntoBatches(eventsByTrace.flat())) {
      refusals.push(...(await this.#client.send(batch, signal)));
    }
    if (refusals.length === 0) return;
    const refused = new Set(refusals.map(({ id }) => id));
    throw makeRefusalError(refusals, {
      events: eventsByTrace.flat().length,
      traces: traces.length,
      lostTraces: eventsByTrace.filter((events) => events.every(({ id }) => refused.has(id))).length,
    });
  }
}

interface SentBatch {
  readonly events: number;
  readonly traces: number;
  /** Traces of which nothing was accepted. */
  readonly lostTraces: number;
}

function makeRefusalError(refusals: readonly RefusedEvent[], { events, traces, lostTraces }: SentBatch): ExportError {
  const counts = new Map<number, number>();
  for (const { status } of refusals) counts.set(status, (counts.get(status) ?? 0) + 1);
  const statuses = [...counts].map(([status, count]) => `${count} with status ${status}`).join(', ');
  const what = `Langfuse refused ${refusals.length} of ${events} events (${statuses}), and so ${lostTraces} of ${traces} traces as a whole`;
  if (refusals.length < events) return new ExportError(what, false, undefined, lostTraces);
  // If some events are accepted, the others are faulty; sending them again would block all later ones for ever.
  if (refusals.every(({ status }) => isTemporary(status))) return new ExportError(what, true);
  return new ExportError(
    `${what}. A Langfuse server from version 4 on does so on its legacy endpoint: set LANGFUSE_INGESTION=otlp`,
    false,
  );
}
