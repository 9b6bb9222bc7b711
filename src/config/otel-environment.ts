import { IsOptional, Matches } from 'class-validator';
import { Address, type AddressParts, separateCredentials } from './address.js';
import { PairList } from './pair-list.js';
import { Switch } from './switch.js';
import type { TracingConfig } from './tracing-config.js';

/** Where OpenTelemetry's exporters send to if they are told no address. */
const DEFAULT_ENDPOINT = 'http://localhost:4318';
const COLLECTOR: AddressParts = { example: DEFAULT_ENDPOINT, credentials: true, query: true };

type Encoding = NonNullable<TracingConfig['otlp']>['encoding'];
const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['http/protobuf', 'protobuf'],
  ['http/json', 'json'],
]);

/** Parts of the traces that a sampler keeps; undefined: the part that its argument names. */
const SAMPLERS: ReadonlyMap<string, number | undefined> = new Map([
  ['always_on', 1],
  ['always_off', 0],
  ['traceidratio', undefined],
]);
const PARENT_BASED = 'parentbased_';

/**
 * The variables of OpenTelemetry that tracing reads, by name, with their defaults.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export class OtelEnvironment {
  @Address(COLLECTOR)
  OTEL_EXPORTER_OTLP_ENDPOINT: string | undefined = undefined;

  @Address(COLLECTOR)
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: string | undefined = undefined;

  @PairList('headers')
  OTEL_EXPORTER_OTLP_HEADERS: Readonly<Record<string, string>> | undefined = undefined;

  @PairList('headers')
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: Readonly<Record<string, string>> | undefined = undefined;

  OTEL_EXPORTER_OTLP_PROTOCOL: string | undefined = undefined;

  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: string | undefined = undefined;

  @IsOptional()
  @Matches(/^(otlp|none)$/, {
    message: '$property must be otlp or none: traces leave this server as OTLP, or to Langfuse with its own settings',
  })
  OTEL_TRACES_EXPORTER: string | undefined = undefined;

  OTEL_TRACES_SAMPLER: string | undefined = undefined;

  OTEL_TRACES_SAMPLER_ARG: string | undefined = undefined;

  @PairList('attributes')
  OTEL_RESOURCE_ATTRIBUTES: Readonly<Record<string, string>> | undefined = undefined;

  OTEL_SERVICE_NAME: string | undefined = undefined;

  @Switch()
  OTEL_SDK_DISABLED = false;
}

/** What OpenTelemetry's sampler comes to. */
export interface OtelSampling {
  /** Part of the traces that are kept, from 0 to 1. */
  readonly rate: number;
  /** True: for a trace of a caller that is continued, the caller has decided. */
  readonly isParentBased: boolean;
}

/**
 * Values that this server cannot follow. A collector's protocol and a sampler are looked at only where they would have an
 * effect: platforms set these variables for all that runs on them.
 * @param isTracing whether traces are recorded for another backend
 */
export function findOtelFaults(variables: OtelEnvironment, isTracing: boolean): string[] {
  const faults: string[] = [];
  const { name, value } = protocolOf(variables);
  const isExporting = readTracesUrl(variables) !== undefined;
  if (isExporting && !ENCODINGS.has(value)) {
    faults.push(
      `${name} must be http/protobuf or http/json: this server does not speak another protocol, such as grpc. Collectors take HTTP at a port of its own, usually 4318`,
    );
  }
  if ((isExporting || isTracing) && readOtelSampling(variables) === 'fault') {
    faults.push(
      'OTEL_TRACES_SAMPLER must be always_on, always_off or traceidratio, alone or after parentbased_; traceidratio takes a number from 0 to 1 in OTEL_TRACES_SAMPLER_ARG',
    );
  }
  return faults;
}

/** @returns undefined if no sampler is set, `fault` for one that this server does not have */
export function readOtelSampling(variables: OtelEnvironment): OtelSampling | 'fault' | undefined {
  const { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument = '1' } = variables;
  if (sampler === undefined) return undefined;
  const isParentBased = sampler.startsWith(PARENT_BASED);
  const root = isParentBased ? sampler.slice(PARENT_BASED.length) : sampler;
  if (!SAMPLERS.has(root)) return 'fault';
  const rate = SAMPLERS.get(root) ?? Number(argument);
  return rate >= 0 && rate <= 1 ? { rate, isParentBased } : 'fault';
}

/** The collector that the variables name; undefined if they name none. */
export function otlpConfigOf(variables: OtelEnvironment): TracingConfig['otlp'] {
  const address = readTracesUrl(variables);
  if (address === undefined) return undefined;
  const { url, authorization } = separateCredentials(address);
  return {
    tracesUrl: url.href,
    encoding: ENCODINGS.get(protocolOf(variables).value) ?? 'protobuf',
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...variables.OTEL_EXPORTER_OTLP_HEADERS,
      ...variables.OTEL_EXPORTER_OTLP_TRACES_HEADERS,
    },
  };
}

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/ : the endpoint for traces is used as it is */
function readTracesUrl(variables: OtelEnvironment): string | undefined {
  const { OTEL_TRACES_EXPORTER: exporter, OTEL_SDK_DISABLED: isDisabled } = variables;
  if (isDisabled || exporter === 'none') return undefined;
  const general = variables.OTEL_EXPORTER_OTLP_ENDPOINT ?? (exporter === 'otlp' ? DEFAULT_ENDPOINT : undefined);
  return variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (general && extendPath(general, '/v1/traces'));
}

/** An address that is none is a fault of its own. */
function extendPath(address: string, path: string): string {
  const url = URL.parse(address);
  if (url === null) return address;
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  return url.href;
}

function protocolOf(variables: OtelEnvironment): { readonly name: string; readonly value: string } {
  const { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: traces, OTEL_EXPORTER_OTLP_PROTOCOL: general } = variables;
  return traces === undefined
    ? { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', value: general ?? 'http/protobuf' }
    : { name: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', value: traces };
}
