import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Clock } from '../../kernel/index.js';
import { ExportError, type FinishedTrace, type TraceExporter } from '../recording/finished-trace.js';
import { postSpans } from './post-spans.js';
import { makeReadableSpans, type SpanOrigin } from './readable-span.js';

/** Where spans are sent, and as what. */
export interface OtlpExporterOptions {
  /** For logs and metrics. */
  readonly name: string;
  /** Takes POSTs of spans. */
  readonly tracesUrl: string;
  /**
   * Protobuf is what every collector takes. JSON costs 40 % less to make, and is what Langfuse's own client sends.
   */
  readonly encoding: 'protobuf' | 'json';
  /** Sent along with each; by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time limit of one request, in milliseconds. */
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly serviceVersion: string | undefined;
  /** Such as `production`. */
  readonly environment: string | undefined;
  /** What is deployed: a version or a commit. */
  readonly release: string | undefined;
  /** What else is said of the service; goes before the version and the environment. */
  readonly resourceAttributes?: Readonly<Record<string, string>>;
  /** The names that OpenTelemetry's conventions have for providers of models, by our own. */
  readonly providerNames: Readonly<Record<string, string>>;
}

/**
 * Sends traces as OTLP over HTTP. Only OpenTelemetry's serialization is used: its exporter retries by itself,
 * cannot be broken off, and does not tell what may be tried again.
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
