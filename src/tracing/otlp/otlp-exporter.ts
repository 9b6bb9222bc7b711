import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Clock } from '../../kernel/index.js';
import { ExportError, type FinishedTrace, type TraceExporter } from '../recording/finished-trace.js';
import { postSpans } from './post-spans.js';
import { makeReadableSpans, type SpanOrigin } from './readable-span.js';

/** The target and the encoding of spans. */
export interface OtlpExporterOptions {
  /** For logs and metrics. */
  readonly name: string;
  /** The URL for POSTs of spans. */
  readonly tracesUrl: string;
  /** Every collector takes protobuf. JSON takes 40 % less time to make, and Langfuse's own client sends it. */
  readonly encoding: 'protobuf' | 'json';
  /** Additional headers by names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time limit of one request, in milliseconds. */
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly serviceVersion: string | undefined;
  /** Such as `production`. */
  readonly environment: string | undefined;
  /** The deployed version or commit. */
  readonly release: string | undefined;
  /** Further attributes of the service; they override the version and the environment. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Names of model providers in OpenTelemetry's conventions, by our own names. */
  readonly providerNames: Readonly<Record<string, string>>;
}

/**
 * Sends traces as OTLP over HTTP. Only OpenTelemetry's serialization is used: its exporter retries by itself, cannot be
 * aborted, and does not say what may be retried.
 */
export class OtlpExporter implements TraceExporter {
  readonly name: string;
  readonly #options: OtlpExporterOptions;
  readonly #clock: Clock;
  readonly #origin: SpanOrigin;

  constructor(options: OtlpExporterOptions, clock: Clock) {
    this.name = options.name;
    this.#options = options;
    this.#clock = clock;
    const { serviceName, serviceVersion, environment, release, resourceAttributes, providerNames } = options;
    this.#origin = {
      resource: resourceFromAttributes({
        ...(serviceVersion !== undefined && { 'service.version': serviceVersion }),
        ...(environment !== undefined && { 'deployment.environment.name': environment }),
        ...resourceAttributes,
        'service.name': serviceName,
      }),
      scope: { name: 'millrace', ...(serviceVersion !== undefined && { version: serviceVersion }) },
      deployment: {
        ...(environment !== undefined && { 'langfuse.environment': environment }),
        ...(release !== undefined && { 'langfuse.release': release }),
      },
      providerNames,
    };
  }

  async export(traces: readonly FinishedTrace[], signal: AbortSignal): Promise<void> {
    const serializer = this.#options.encoding === 'json' ? JsonTraceSerializer : ProtobufTraceSerializer;
    const body = serializer.serializeRequest(traces.flatMap((trace) => makeReadableSpans(trace, this.#origin)));
    if (body === undefined) throw new ExportError('the spans could not be serialized', false);
    const rejected = await postSpans({ ...this.#options, body }, this.#clock, signal);
    if (rejected > 0) throw new ExportError(`${rejected} spans were rejected`, false, undefined, rejected);
  }
}
