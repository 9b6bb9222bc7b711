import { Type } from 'class-transformer';
import { IsIn, IsNumber, IsOptional, Matches, Max, Min } from 'class-validator';
import { Address, type AddressParts } from './address.js';
import { Credential } from './credential.js';
import { Milliseconds } from './milliseconds.js';
import { findOtelFaults, type OtelEnvironment, otlpConfigOf, readOtelSampling } from './otel-environment.js';
import { Size } from './size.js';
import { Switch } from './switch.js';
import { LANGFUSE_INGESTION, TRACEPARENT, type TracingConfig } from './tracing-config.js';

const LANGFUSE_CLOUD = 'https://cloud.langfuse.com';
/** All that the address of Langfuse is called. */
const LANGFUSE_ADDRESSES = ['LANGFUSE_BASE_URL', 'LANGFUSE_BASEURL', 'LANGFUSE_HOST'] as const;

/** Its keys are the credentials, and paths are added to it. */
const LANGFUSE: AddressParts = { example: 'http://localhost:3000', credentials: false, query: false };

/** The variables that tracing reads, but for OpenTelemetry's; by name, with their defaults. */
export class TracingEnvironment {
  @Credential()
  LANGFUSE_PUBLIC_KEY: string | undefined = undefined;

  @Credential()
  LANGFUSE_SECRET_KEY: string | undefined = undefined;

  @Address(LANGFUSE)
  LANGFUSE_BASE_URL: string | undefined = undefined;

  /** The name that the `langfuse` package gives the one above. */
  @Address(LANGFUSE)
  LANGFUSE_BASEURL: string | undefined = undefined;

  /** The name that it had in Langfuse's Python package, and has in most tutorials. */
  @Address(LANGFUSE)
  LANGFUSE_HOST: string | undefined = undefined;

  @Switch()
  LANGFUSE_TRACING_ENABLED = true;

  @IsIn(LANGFUSE_INGESTION, { message: `$property must be one of ${LANGFUSE_INGESTION.join(', ')}` })
  LANGFUSE_INGESTION: (typeof LANGFUSE_INGESTION)[number] = 'auto';

  /** Langfuse refuses any other. */
  @IsOptional()
  @Matches(/^(?!langfuse)[a-z0-9_-]{1,40}$/, {
    message: '$property must consist of up to 40 lower-case letters, digits, - and _, and not start with langfuse',
  })
  LANGFUSE_TRACING_ENVIRONMENT: string | undefined = undefined;

  LANGFUSE_RELEASE: string | undefined = undefined;

  @Switch()
  TRACING_CAPTURE_CONTENT = true;

  @Size()
  TRACING_FIELD_LIMIT = 256 * 1024;

  @IsOptional()
  @Type(() => Number)
  @IsNumber({}, { message: '$property must be a number from 0 to 1' })
  @Min(0, { message: '$property must be a number from 0 to 1' })
  @Max(1, { message: '$property must be a number from 0 to 1' })
  TRACING_SAMPLE_RATE: number | undefined = undefined;

  @Size()
  TRACING_QUEUE_BYTES = 32 * 1024 ** 2;

  @Milliseconds()
  TRACING_FLUSH_TIMEOUT_MS = 5_000;

  @IsIn(TRACEPARENT, { message: `$property must be one of ${TRACEPARENT.join(', ')}` })
  TRACING_TRACEPARENT: (typeof TRACEPARENT)[number] = 'record';
}

/** What is wrong about the variables together; each alone is checked by its own rule. */
export function findTracingFaults(variables: TracingEnvironment, otel: OtelEnvironment): string[] {
  const faults = findOtelFaults(otel, readLangfuseKeys(variables).publicKey !== undefined);
  const addresses = new Set(langfuseAddresses(variables));
  // Keys and contents must not go to one of two places by chance.
  if (addresses.size > 1) faults.push(`${LANGFUSE_ADDRESSES.join(', ')} must have one value: they are one setting`);
  const sampling = readOtelSampling(otel);
  const { TRACING_SAMPLE_RATE: rate } = variables;
  if (rate !== undefined && typeof sampling === 'object' && sampling.rate !== rate) {
    faults.push('TRACING_SAMPLE_RATE and OTEL_TRACES_SAMPLER must agree: set one of them');
  }
  return faults;
}

/** The configuration that the variables come to. */
export function tracingConfigOf(variables: TracingEnvironment, otel: OtelEnvironment): TracingConfig {
  const { OTEL_RESOURCE_ATTRIBUTES: attributes = {} } = otel;
  const sampling = readOtelSampling(otel);
  const { rate, isParentBased } = typeof sampling === 'object' ? sampling : { rate: 1, isParentBased: false };
  return {
    langfuse: {
      ...readLangfuseKeys(variables),
      baseUrl: langfuseAddresses(variables)[0] ?? LANGFUSE_CLOUD,
      ingestion: variables.LANGFUSE_INGESTION,
    },
    otlp: otlpConfigOf(otel),
    serviceName: otel.OTEL_SERVICE_NAME ?? attributes['service.name'] ?? 'millrace',
    resourceAttributes: attributes,
    environment: variables.LANGFUSE_TRACING_ENVIRONMENT,
    release: variables.LANGFUSE_RELEASE,
    captureContent: variables.TRACING_CAPTURE_CONTENT,
    fieldLimit: variables.TRACING_FIELD_LIMIT,
    sampleRate: variables.TRACING_SAMPLE_RATE ?? rate,
    isSamplingParentBased: isParentBased,
    queueBytes: variables.TRACING_QUEUE_BYTES,
    flushTimeoutMs: variables.TRACING_FLUSH_TIMEOUT_MS,
    traceparent: variables.TRACING_TRACEPARENT,
  };
}

function readLangfuseKeys(variables: TracingEnvironment): Pick<TracingConfig['langfuse'], 'publicKey' | 'secretKey'> {
  const isOn = variables.LANGFUSE_TRACING_ENABLED;
  return {
    publicKey: isOn ? variables.LANGFUSE_PUBLIC_KEY : undefined,
    secretKey: isOn ? variables.LANGFUSE_SECRET_KEY : undefined,
  };
}

/** Those that are set, without slashes at the end. */
function langfuseAddresses(variables: TracingEnvironment): string[] {
  return LANGFUSE_ADDRESSES.flatMap((name) => variables[name]?.replace(/\/+$/, '') ?? []);
}
