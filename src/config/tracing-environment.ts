import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsNumber, IsObject, IsOptional, IsUrl, Matches, Max, Min } from 'class-validator';
import { Credential } from './credential.js';
import { Milliseconds } from './milliseconds.js';
import { Size } from './size.js';
import { LANGFUSE_INGESTION, TRACEPARENT, type TracingConfig } from './tracing-config.js';

const LANGFUSE_CLOUD = 'https://cloud.langfuse.com';

/** Names of containers have underscores. */
const ADDRESS = { require_tld: false, allow_underscores: true, protocols: ['http', 'https'], require_protocol: true };

/** An address, which may be absent. No message shows a value: addresses, too, can hold credentials. */
function Address(): PropertyDecorator {
  const message = '$property must be an http or https address, such as http://localhost:3000';
  return (target, property) => {
    for (const decorate of [IsOptional(), IsUrl(ADDRESS, { message })]) decorate(target, property);
  };
}

/** `true` or `false`. */
function Flag(): PropertyDecorator {
  return (target, property) => {
    for (const decorate of [
      Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? flagOf(value) : value)),
      IsBoolean({ message: '$property must be true or false' }),
    ]) {
      decorate(target, property);
    }
  };
}

/** Header lines as OpenTelemetry writes them: `name=value` pairs with commas between, values percent-encoded. */
function HeaderList(): PropertyDecorator {
  return (target, property) => {
    for (const decorate of [
      Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (headersOf(value) ?? value) : value)),
      IsOptional(),
      IsObject({ message: '$property must be a list such as name=value,other=value, with values percent-encoded' }),
    ]) {
      decorate(target, property);
    }
  };
}

/** The variables that tracing reads, by name, with their defaults. */
export class TracingEnvironment {
  @Credential()
  LANGFUSE_PUBLIC_KEY: string | undefined = undefined;

  @Credential()
  LANGFUSE_SECRET_KEY: string | undefined = undefined;

  @Address()
  LANGFUSE_BASE_URL: string | undefined = undefined;

  /** The name that the `langfuse` package gives the one above. */
  @Address()
  LANGFUSE_BASEURL: string | undefined = undefined;

  @IsIn(LANGFUSE_INGESTION, { message: `$property must be one of ${LANGFUSE_INGESTION.join(', ')}` })
  LANGFUSE_INGESTION: (typeof LANGFUSE_INGESTION)[number] = 'auto';

  /** Langfuse refuses any other. */
  @IsOptional()
  @Matches(/^(?!langfuse)[a-z0-9_-]{1,40}$/, {
    message: '$property must consist of up to 40 lower-case letters, digits, - and _, and not start with langfuse',
  })
  LANGFUSE_TRACING_ENVIRONMENT: string | undefined = undefined;

  LANGFUSE_RELEASE: string | undefined = undefined;

  @Address()
  OTEL_EXPORTER_OTLP_ENDPOINT: string | undefined = undefined;

  @Address()
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: string | undefined = undefined;

  @HeaderList()
  OTEL_EXPORTER_OTLP_HEADERS: Readonly<Record<string, string>> | undefined = undefined;

  @HeaderList()
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: Readonly<Record<string, string>> | undefined = undefined;

  OTEL_SERVICE_NAME = 'millrace';

  @Flag()
  OTEL_SDK_DISABLED = false;

  @Flag()
  TRACING_CAPTURE_CONTENT = true;

  @Size()
  TRACING_FIELD_LIMIT = 256 * 1024;

  @Type(() => Number)
  @IsNumber({}, { message: '$property must be a number from 0 to 1' })
  @Min(0, { message: '$property must be a number from 0 to 1' })
  @Max(1, { message: '$property must be a number from 0 to 1' })
  TRACING_SAMPLE_RATE = 1;

  @Size()
  TRACING_QUEUE_BYTES = 32 * 1024 ** 2;

  @Milliseconds()
  TRACING_FLUSH_TIMEOUT_MS = 5_000;

  @IsIn(TRACEPARENT, { message: `$property must be one of ${TRACEPARENT.join(', ')}` })
  TRACING_TRACEPARENT: (typeof TRACEPARENT)[number] = 'record';
}

/** The configuration that the variables come to. */
export function tracingConfigOf(variables: TracingEnvironment): TracingConfig {
  const baseUrl = variables.LANGFUSE_BASE_URL ?? variables.LANGFUSE_BASEURL ?? LANGFUSE_CLOUD;
  return {
    langfuse: {
      publicKey: variables.LANGFUSE_PUBLIC_KEY,
      secretKey: variables.LANGFUSE_SECRET_KEY,
      baseUrl: baseUrl.replace(/\/+$/, ''),
      ingestion: variables.LANGFUSE_INGESTION,
    },
    otlp: otlpOf(variables),
    serviceName: variables.OTEL_SERVICE_NAME,
    environment: variables.LANGFUSE_TRACING_ENVIRONMENT,
    release: variables.LANGFUSE_RELEASE,
    captureContent: variables.TRACING_CAPTURE_CONTENT,
    fieldLimit: variables.TRACING_FIELD_LIMIT,
    sampleRate: variables.TRACING_SAMPLE_RATE,
    queueBytes: variables.TRACING_QUEUE_BYTES,
    flushTimeoutMs: variables.TRACING_FLUSH_TIMEOUT_MS,
    traceparent: variables.TRACING_TRACEPARENT,
  };
}

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/ : the endpoint for traces is used as it is */
function otlpOf(variables: TracingEnvironment): TracingConfig['otlp'] {
  const general = variables.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracesUrl =
    variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (general && `${general.replace(/\/+$/, '')}/v1/traces`);
  if (tracesUrl === undefined || variables.OTEL_SDK_DISABLED) return undefined;
  return {
    tracesUrl,
    headers: { ...variables.OTEL_EXPORTER_OTLP_HEADERS, ...variables.OTEL_EXPORTER_OTLP_TRACES_HEADERS },
  };
}

function flagOf(text: string): boolean | string {
  const lower = text.toLowerCase();
  return lower === 'true' || lower === 'false' ? lower === 'true' : text;
}

function headersOf(text: string): Readonly<Record<string, string>> | undefined {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [, name, encoded] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const value = encoded === undefined ? undefined : decoded(encoded);
    if (name === undefined || value === undefined || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return undefined;
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
