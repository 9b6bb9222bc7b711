import type { TracingConfig } from '../../config/index.js';
import { type Clock, VERSION } from '../../kernel/index.js';
import { LegacyLangfuseExporter } from '../langfuse/index.js';
import type { OtlpExporter, OtlpExporterOptions } from '../otlp/index.js';
import { DeliveryLog, type LogSink } from '../recording/delivery-log.js';
import { DeliveryQueue } from '../recording/delivery-queue.js';
import type { TraceExporter } from '../recording/finished-trace.js';
import { checkKeys } from './key-check.js';
import { LangfuseExporter } from './langfuse-exporter.js';
import { makeBasicAuthorization, type LangfuseAccess, LangfuseServer } from './langfuse-server.js';

/** Time limit of one request, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Most traces that may be open or waiting at one time, however small. */
const MOST_TRACES = 2_048;

/** A tracing backend that the configuration names. */
export interface Backend {
  readonly queue: DeliveryQueue;
  /** Checks the backend in the background and logs the result. Never rejects. */
  readonly checkIn: () => Promise<void>;
}

/** Makes the configured backends without contacting them. OpenTelemetry is loaded only if there is one. */
export async function makeBackends(config: TracingConfig, clock: Clock, sink: LogSink): Promise<readonly Backend[]> {
  const access = readLangfuseAccess(config, sink);
  if (access === undefined && config.otlp === undefined) return [];
  const { OtlpExporter: Exporter } = await import('../otlp/index.js');
  const parts = { config, clock, sink, Exporter };
  return [...(access === undefined ? [] : [makeLangfuseBackend(access, parts)]), ...makeOtlpBackends(parts)];
}

interface BackendParts {
  readonly config: TracingConfig;
  readonly clock: Clock;
  readonly sink: LogSink;
  readonly Exporter: typeof OtlpExporter;
}

/** Reads the access to Langfuse; undefined if nothing is sent there. */
function readLangfuseAccess({ langfuse }: TracingConfig, sink: LogSink): LangfuseAccess | undefined {
  const { publicKey, secretKey, baseUrl } = langfuse;
  if (publicKey !== undefined && secretKey !== undefined) return { publicKey, secretKey, baseUrl };
  if (publicKey !== secretKey) {
    const missing = publicKey === undefined ? 'LANGFUSE_PUBLIC_KEY' : 'LANGFUSE_SECRET_KEY';
    sink.warn(`${missing} is not set: nothing is sent to Langfuse, which needs both keys`);
  }
  return undefined;
}

function makeLangfuseBackend(access: LangfuseAccess, parts: BackendParts): Backend {
  const { config, clock, sink } = parts;
  const { ingestion } = config.langfuse;
  const server = new LangfuseServer(access, clock);
  const ways = {
    otlp: makeLangfuseOtlp(access, parts),
    legacy: () => makeLegacyLangfuse(access, parts),
  };
  const detecting = ingestion === 'auto' ? new LangfuseExporter(server, ways) : undefined;
  const queue = makeQueue(detecting ?? (ingestion === 'legacy' ? ways.legacy() : ways.otlp), 'Langfuse', parts);
  return {
    queue,
    checkIn: async () => {
      await Promise.all([detecting?.choose(), checkKeys(server, queue, sink)]);
    },
  };
}

function makeOtlpBackends(parts: BackendParts): readonly Backend[] {
  const { otlp } = parts.config;
  if (otlp === undefined) return [];
  const exporter = makeOtlpExporter({ name: 'otlp', ...otlp }, parts);
  return [{ queue: makeQueue(exporter, 'OTLP endpoint', parts), checkIn: () => Promise.resolve() }];
}

function makeLangfuseOtlp(access: LangfuseAccess, parts: BackendParts): TraceExporter {
  return makeOtlpExporter(
    {
      name: 'langfuse',
      encoding: 'json',
      tracesUrl: `${access.baseUrl}/api/public/otel/v1/traces`,
      headers: {
        authorization: makeBasicAuthorization(access),
        // Without it, traces can take a quarter of an hour to appear.
        'x-langfuse-ingestion-version': '4',
      },
    },
    parts,
  );
}

function makeLegacyLangfuse(access: LangfuseAccess, { config, sink }: BackendParts): TraceExporter {
  sink.log('Langfuse is given traces through its legacy endpoint, which versions from 4 on no longer have');
  const { environment, release } = config;
  return new LegacyLangfuseExporter({
    ...access,
    timeoutMs: TIMEOUT_MS,
    ...(environment !== undefined && { environment }),
    ...(release !== undefined && { release }),
  });
}

function makeOtlpExporter(
  target: Pick<OtlpExporterOptions, 'name' | 'encoding' | 'tracesUrl' | 'headers'>,
  { config, clock, Exporter }: BackendParts,
): TraceExporter {
  const { serviceName, environment, release, resourceAttributes, providerNames } = config;
  const options = {
    ...target,
    timeoutMs: TIMEOUT_MS,
    serviceName,
    serviceVersion: VERSION,
    environment,
    release,
    resourceAttributes,
    providerNames,
  };
  return new Exporter(options, clock);
}

function makeQueue(exporter: TraceExporter, title: string, { config, clock, sink }: BackendParts): DeliveryQueue {
  const limits = { bytes: config.queueBytes, traces: MOST_TRACES };
  return new DeliveryQueue(exporter, limits, clock, new DeliveryLog(title, sink, clock));
}
