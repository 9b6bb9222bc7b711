import { address, type AddressParts, separateCredentials } from './address.js';
import { oneOf, onOrOff, text } from './kinds.js';
import { pairs } from './pair-list.js';
import { optional, secret, setting, type SettingValues } from './setting.js';

/** Where OpenTelemetry's exporters send to by default. */
const DEFAULT_ENDPOINT = 'http://localhost:4318';
const COLLECTOR: AddressParts = { example: DEFAULT_ENDPOINT, credentials: true, query: true };

/** A collector that traces are sent to. */
export interface OtlpConfig {
  /** Takes POSTs of spans. */
  readonly tracesUrl: string;
  readonly encoding: 'protobuf' | 'json';
  readonly headers: Readonly<Record<string, string>>;
}

const ENCODINGS: ReadonlyMap<string, OtlpConfig['encoding']> = new Map([
  ['http/protobuf', 'protobuf'],
  ['http/json', 'json'],
]);

/** The share of the traces that a sampler keeps; undefined: its argument says so. */
const SAMPLERS: ReadonlyMap<string, number | undefined> = new Map([
  ['always_on', 1],
  ['always_off', 0],
  ['traceidratio', undefined],
]);
const PARENT_BASED = 'parentbased_';

/**
 * The variables of OpenTelemetry that tracing reads.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const OTEL_SETTINGS = {
  endpoint: optional('OTEL_EXPORTER_OTLP_ENDPOINT', address(COLLECTOR)),
  tracesEndpoint: optional('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', address(COLLECTOR)),
  headers: secret('OTEL_EXPORTER_OTLP_HEADERS', pairs('headers')),
  tracesHeaders: secret('OTEL_EXPORTER_OTLP_TRACES_HEADERS', pairs('headers')),
  protocol: optional('OTEL_EXPORTER_OTLP_PROTOCOL', text),
  tracesProtocol: optional('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', text),
  exporter: optional(
    'OTEL_TRACES_EXPORTER',
    oneOf(['otlp', 'none'], 'be otlp or none: traces leave this server as OTLP, or to Langfuse with its own settings'),
  ),
  sampler: optional('OTEL_TRACES_SAMPLER', text),
  samplerArgument: setting('OTEL_TRACES_SAMPLER_ARG', text, '1'),
  resourceAttributes: optional('OTEL_RESOURCE_ATTRIBUTES', pairs('attributes')),
  serviceName: optional('OTEL_SERVICE_NAME', text),
  isDisabled: setting('OTEL_SDK_DISABLED', onOrOff, false),
};

export type OtelSettings = SettingValues<typeof OTEL_SETTINGS>;

/** What OpenTelemetry's variables for sampling say. */
interface OtelSampling {
  /** Share of the traces that are kept, from 0 to 1. */
  readonly rate: number;
  /** True: where a caller's trace is continued, the caller decides whether it is kept. */
  readonly isParentBased: boolean;
}

/**
 * Finds values that this server cannot follow. A collector's protocol and a sampler are checked only where they would
 * have an effect: platforms set these variables for everything that runs on them.
 * @param isTracing whether traces are recorded for another backend
 */
export function findOtelFaults(settings: OtelSettings, isTracing: boolean): string[] {
  const faults: string[] = [];
  const { name, value } = readProtocol(settings);
  const isExporting = readTracesUrl(settings) !== undefined;
  if (isExporting && !ENCODINGS.has(value)) {
    faults.push(
      `${name} must be http/protobuf or http/json: this server speaks no other protocol, such as grpc. Collectors take HTTP at a separate port, usually 4318`,
    );
  }
  if ((isExporting || isTracing) && readOtelSampling(settings) === 'fault') {
    faults.push(
      'OTEL_TRACES_SAMPLER must be always_on, always_off or traceidratio, alone or after parentbased_; traceidratio takes a number from 0 to 1 in OTEL_TRACES_SAMPLER_ARG',
    );
  }
  return faults;
}

/** @returns undefined if no sampler is set, `fault` for one that this server does not have */
export function readOtelSampling({ sampler, samplerArgument }: OtelSettings): OtelSampling | 'fault' | undefined {
  if (sampler === undefined) return undefined;
  const isParentBased = sampler.startsWith(PARENT_BASED);
  const root = isParentBased ? sampler.slice(PARENT_BASED.length) : sampler;
  if (!SAMPLERS.has(root)) return 'fault';
  const rate = SAMPLERS.get(root) ?? Number(samplerArgument);
  return rate >= 0 && rate <= 1 ? { rate, isParentBased } : 'fault';
}

/** Reads the collector that the variables name; undefined if they name none. */
export function readOtlpConfig(settings: OtelSettings): OtlpConfig | undefined {
  const address = readTracesUrl(settings);
  if (address === undefined) return undefined;
  const { url, authorization } = separateCredentials(address);
  return {
    tracesUrl: url.href,
    encoding: ENCODINGS.get(readProtocol(settings).value) ?? 'protobuf',
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...settings.headers,
      ...settings.tracesHeaders,
    },
  };
}

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/ : the endpoint for traces is used as it is */
function readTracesUrl({ exporter, isDisabled, endpoint, tracesEndpoint }: OtelSettings): string | undefined {
  if (isDisabled || exporter === 'none') return undefined;
  const general = endpoint ?? (exporter === 'otlp' ? DEFAULT_ENDPOINT : undefined);
  return tracesEndpoint ?? (general && extendPath(general, '/v1/traces'));
}

function extendPath(given: string, path: string): string {
  const url = new URL(given);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  return url.href;
}

function readProtocol({ protocol, tracesProtocol }: OtelSettings): { readonly name: string; readonly value: string } {
  return tracesProtocol === undefined
    ? { name: OTEL_SETTINGS.protocol.name, value: protocol ?? 'http/protobuf' }
    : { name: OTEL_SETTINGS.tracesProtocol.name, value: tracesProtocol };
}
