import { address, type AddressParts } from './address.js';
import { credential, pattern, milliseconds, number, oneOf, onOrOff, size, text } from './kinds.js';
import {
  findOtelFaults,
  type OtelSettings,
  type OtlpConfig,
  readOtelSampling,
  readOtlpConfig,
} from './otel-settings.js';
import { environmentSetting, optional, secret, setting, type SettingValues } from './setting.js';

const LANGFUSE_CLOUD = 'https://cloud.langfuse.com';
/** Its keys are the credentials, and paths are added to it. */
const LANGFUSE: AddressParts = { example: 'http://localhost:3000', credentials: false, query: false };

/** What traces hold, and how they are kept until they are sent. */
const CONTENT_SETTINGS = {
  /** Such as `production`. Langfuse refuses any other. */
  environment: optional(
    'LANGFUSE_TRACING_ENVIRONMENT',
    pattern(
      /^(?!langfuse)[a-z0-9_-]{1,40}$/,
      'consist of up to 40 lower-case letters, digits, - and _, and not start with langfuse',
    ),
  ),
  /** What is deployed: a version or a commit. */
  release: optional('LANGFUSE_RELEASE', text),
  /** False: no inputs, outputs or other texts that users or models wrote. */
  captureContent: setting('TRACING_CAPTURE_CONTENT', onOrOff, true),
  /** Most bytes of one captured input, output or value. */
  fieldLimit: setting('TRACING_FIELD_LIMIT', size(), 256 * 1024),
  /** Most bytes of traces that are open or wait to be sent, for each backend. */
  queueBytes: setting('TRACING_QUEUE_BYTES', size(), 32 * 1024 ** 2),
  /** How long the end of the process may wait for traces to be sent, in milliseconds. */
  flushTimeoutMs: setting('TRACING_FLUSH_TIMEOUT_MS', milliseconds(), 5_000),
  /** What is done with a client's `traceparent`: kept with a trace of our own, or its trace continued. */
  traceparent: setting('TRACING_TRACEPARENT', oneOf(['record', 'continue']), 'record'),
};

/** The variables that tracing reads, except OpenTelemetry's. */
export const TRACING_SETTINGS = {
  content: CONTENT_SETTINGS,
  sampleRate: optional('TRACING_SAMPLE_RATE', number(0, 1, 'be a number from 0 to 1')),
  langfuse: {
    publicKey: secret('LANGFUSE_PUBLIC_KEY', credential),
    secretKey: secret('LANGFUSE_SECRET_KEY', credential),
    isOn: setting('LANGFUSE_TRACING_ENABLED', onOrOff, true),
    /** The API of Langfuse that receives the traces; `auto` asks the server for its version. */
    ingestion: setting('LANGFUSE_INGESTION', oneOf(['auto', 'otlp', 'legacy']), 'auto'),
    baseUrl: optional('LANGFUSE_BASE_URL', address(LANGFUSE)),
    /** Other names of the address: in the `langfuse` package, and in Langfuse's Python package and most tutorials. */
    otherAddresses: {
      LANGFUSE_BASEURL: environmentSetting('LANGFUSE_BASEURL', address(LANGFUSE)),
      LANGFUSE_HOST: environmentSetting('LANGFUSE_HOST', address(LANGFUSE)),
    },
  },
};

type TracingSettings = SettingValues<typeof TRACING_SETTINGS>;
type LangfuseSettings = TracingSettings['langfuse'];

/** Where traces go, and what they hold, without what the providers of models declare. */
interface OwnTracingConfig extends SettingValues<typeof CONTENT_SETTINGS> {
  /** Without both keys nothing is sent to Langfuse. The address has no slash at the end. */
  readonly langfuse: Pick<LangfuseSettings, 'publicKey' | 'secretKey' | 'ingestion'> & { readonly baseUrl: string };
  /** An OpenTelemetry collector; undefined: none. */
  readonly otlp: OtlpConfig | undefined;
  /** Name of this service in traces. */
  readonly serviceName: string;
  /** Further attributes of this service in traces that are sent as OTLP; they win over those that it sets itself. */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Share of the requests that are traced, from 0 to 1. */
  readonly sampleRate: number;
  /** True: where a caller's trace is continued, the caller decides whether it is kept. */
  readonly isSamplingParentBased: boolean;
}

/** Where traces go, and what they hold. */
export interface TracingConfig extends OwnTracingConfig {
  /** The names that OpenTelemetry's conventions have for providers of models, by our own. */
  readonly providerNames: Readonly<Record<string, string>>;
}

/** Finds faults between settings; each setting alone is checked by its own kind. */
export function findTracingFaults({ langfuse, sampleRate }: TracingSettings, otel: OtelSettings): string[] {
  const faults = findOtelFaults(otel, readLangfuseKeys(langfuse).publicKey !== undefined);
  const names = ['LANGFUSE_BASE_URL', ...Object.keys(langfuse.otherAddresses)];
  // Keys and contents must not go to one of two places by chance.
  if (new Set(listLangfuseAddresses(langfuse)).size > 1) {
    faults.push(`${names.join(', ')} must have one value: they are one setting`);
  }
  const sampling = readOtelSampling(otel);
  if (sampleRate !== undefined && typeof sampling === 'object' && sampling.rate !== sampleRate) {
    faults.push('TRACING_SAMPLE_RATE and OTEL_TRACES_SAMPLER must agree: set one of them');
  }
  return faults;
}

/** Makes the configuration from the settings. */
export function readTracingConfig(
  { content, langfuse, sampleRate }: TracingSettings,
  otel: OtelSettings,
): OwnTracingConfig {
  const { resourceAttributes = {} } = otel;
  const sampling = readOtelSampling(otel);
  const { rate, isParentBased } = typeof sampling === 'object' ? sampling : { rate: 1, isParentBased: false };
  return {
    ...content,
    langfuse: {
      ...readLangfuseKeys(langfuse),
      baseUrl: listLangfuseAddresses(langfuse)[0] ?? LANGFUSE_CLOUD,
      ingestion: langfuse.ingestion,
    },
    otlp: readOtlpConfig(otel),
    serviceName: otel.serviceName ?? resourceAttributes['service.name'] ?? 'millrace',
    resourceAttributes,
    sampleRate: sampleRate ?? rate,
    isSamplingParentBased: isParentBased,
  };
}

function readLangfuseKeys({ isOn, publicKey, secretKey }: LangfuseSettings) {
  return { publicKey: isOn ? publicKey : undefined, secretKey: isOn ? secretKey : undefined };
}

/** Lists the addresses that are set, without slashes at the end. */
function listLangfuseAddresses({ baseUrl, otherAddresses }: LangfuseSettings): string[] {
  return [baseUrl, ...Object.values(otherAddresses)].flatMap((given) => given?.replace(/\/+$/, '') ?? []);
}
