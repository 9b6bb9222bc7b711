/** Variables that other programs read and this server does not, each with what to do instead. */
const IGNORED: Readonly<Record<string, string>> = { LANGFUSE_SAMPLE_RATE: 'Set TRACING_SAMPLE_RATE.' };

/** The same for those of OpenTelemetry, which matter only where traces are sent to a collector. */
const IGNORED_OTEL: Readonly<Record<string, string>> = {
  OTEL_EXPORTER_OTLP_COMPRESSION: 'Traces are sent as they are.',
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'Traces are sent as they are.',
  OTEL_EXPORTER_OTLP_TIMEOUT: 'Each request may take 5 s.',
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: 'Each request may take 5 s.',
  OTEL_EXPORTER_OTLP_CERTIFICATE: 'Set NODE_EXTRA_CA_CERTS.',
  OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: 'Set NODE_EXTRA_CA_CERTS.',
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: 'Collectors that ask for a certificate cannot be reached.',
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: 'Collectors that ask for a certificate cannot be reached.',
  OTEL_PROPAGATORS: 'Only traceparent is read (TRACING_TRACEPARENT).',
  OTEL_METRICS_EXPORTER: 'Metrics are at /metrics, for Prometheus.',
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'Metrics are at /metrics, for Prometheus.',
  OTEL_LOGS_EXPORTER: 'The log goes to standard output.',
  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'The log goes to standard output.',
  OTEL_BSP_MAX_QUEUE_SIZE: 'Set TRACING_QUEUE_BYTES.',
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: 'Set TRACING_FIELD_LIMIT.',
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: 'Set TRACING_FIELD_LIMIT.',
};

/**
 * Finds variables that are set and that other programs of this kind follow, but this one does not.
 * @param known all settings: these are read, so they are left out
 * @param ofProviders the ignored variables of the providers of models, each with what to do instead
 * @returns one line for each; never a value
 */
export function findIgnoredVariables(
  variables: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
  isExporting: boolean,
  ofProviders: Readonly<Record<string, string>>,
): string[] {
  const all = { ...IGNORED, ...ofProviders, ...(isExporting ? IGNORED_OTEL : {}) };
  const hasLoneArgument =
    isExporting && isSet(variables['OTEL_TRACES_SAMPLER_ARG']) && !isSet(variables['OTEL_TRACES_SAMPLER']);
  const ignored = Object.entries(all)
    .filter(([name, advice]) => {
      const [instead] = /(?<=^Set )[A-Z_]+/.exec(advice) ?? [];
      // If the right one is set as well, the other one is for another program.
      const isSettled = instead !== undefined && isSet(variables[instead]);
      // `none` asks for nothing, so nothing is missing.
      return !known.has(name) && isSet(variables[name]) && variables[name]?.trim() !== 'none' && !isSettled;
    })
    .map(([name, advice]) => `${name} has no effect. ${advice}`);
  return hasLoneArgument
    ? [...ignored, 'OTEL_TRACES_SAMPLER_ARG has no effect alone. Set OTEL_TRACES_SAMPLER=traceidratio.']
    : ignored;
}

function isSet(value: string | undefined): boolean {
  return (value?.trim() ?? '') !== '';
}
