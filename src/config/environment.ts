import { plainToInstance, Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsNumber, Matches, Max, Min, validateSync } from 'class-validator';
import { ConfigurationError } from '../errors/index.js';
import { accessConfigOf, AccessEnvironment } from './access-environment.js';
import type { AppConfig, LOG_LEVELS } from './app-config.js';
import { findIgnoredVariables } from './ignored-variables.js';
import { Level } from './log-level.js';
import { Milliseconds } from './milliseconds.js';
import { findMisspeltSettings } from './misspelt-settings.js';
import { OtelEnvironment } from './otel-environment.js';
import {
  normalizeSwitches,
  PROVIDER_VARIABLES,
  ProviderEnvironment,
  type ProviderVariables,
} from './provider-variables.js';
import { proxyConfigOf, ProxyEnvironment } from './proxy-environment.js';
import { readSecretFiles, SECRET_FILES } from './secret-files.js';
import { serverConfigOf, ServerEnvironment } from './server-environment.js';
import { bytesOf, Size } from './size.js';
import { Switch } from './switch.js';
import { findTracingFaults, tracingConfigOf, TracingEnvironment } from './tracing-environment.js';

/** The model of agents that name none, where the provider is the default one. */
const OPENAI_MODEL = 'gpt-5.4-mini';

const MAX_JSON_VALUES = '$property must be a whole number from 1 to 10000000';

/** The variables this server reads, by name, with their defaults. A variable set to nothing counts as not set. */
class Environment {
  @Type(() => Number)
  @IsInt({ message: '$property must be a port number from 0 to 65535' })
  @Min(0, { message: '$property must be a port number from 0 to 65535' })
  @Max(65_535, { message: '$property must be a port number from 0 to 65535' })
  PORT = 8080;

  HOST = '0.0.0.0';

  @Matches(/^\d+(\.\d+)?\s*(b|kb|mb|gb)?$/i, { message: '$property must be a size such as 512kb or 10mb' })
  BODY_LIMIT = '10mb';

  @Type(() => Number)
  @IsInt({ message: MAX_JSON_VALUES })
  @Min(1, { message: MAX_JSON_VALUES })
  @Max(10_000_000, { message: MAX_JSON_VALUES })
  MAX_JSON_VALUES = 100_000;

  @Transform(({ value }: { value: string }) => value.split(',').map((origin) => origin.trim()))
  @Matches(/^(\*|https?:\/\/[^\s/]+)$/, {
    each: true,
    message: '$property must be * or a list of origins such as https://app.example.com,http://localhost:3000',
  })
  CORS_ORIGINS: readonly string[] = [];

  @Switch()
  PLAYGROUND = true;

  @Switch()
  DOCS = true;

  @Level()
  LOG_LEVEL: (typeof LOG_LEVELS)[number] = 'log';

  @IsIn(['json', 'pretty'], { message: '$property must be json or pretty' })
  LOG_FORMAT: 'json' | 'pretty' = 'pretty';

  /** Default: off where NODE_ENV is production. */
  @Switch()
  DEMO = true;

  @Type(() => Number)
  @IsNumber({}, { message: '$property must be a number from 0 (no pause) to 1000' })
  @Min(0, { message: '$property must be a number from 0 (no pause) to 1000' })
  @Max(1000, { message: '$property must be a number from 0 (no pause) to 1000' })
  DEMO_TOKENS_PER_SECOND = 40;

  @Milliseconds()
  STREAM_DEBOUNCE_MS = 10;

  @Milliseconds(1)
  STREAM_HEARTBEAT_MS = 15_000;

  @Milliseconds()
  STREAM_OPEN_GRACE_MS = 500;

  @Milliseconds(1)
  RUN_TIMEOUT_MS = 600_000;

  @Size('256mb')
  RUN_ANSWER_LIMIT = 32 * 1024 * 1024;

  @Milliseconds(1)
  UPSTREAM_FIRST_TOKEN_TIMEOUT_MS = 300_000;

  @Milliseconds(1)
  UPSTREAM_IDLE_TIMEOUT_MS = 60_000;

  /** A text of twice that is more than the engine can hold. */
  @Size('256mb')
  UPSTREAM_ANSWER_LIMIT = 8 * 1024 * 1024;

  @Type(() => Number)
  @IsInt({ message: '$property must be a whole number from 0 to 5' })
  @Min(0, { message: '$property must be a whole number from 0 to 5' })
  @Max(5, { message: '$property must be a whole number from 0 to 5' })
  UPSTREAM_MAX_RETRIES = 1;

  @Milliseconds()
  SHUTDOWN_DELAY_MS = 0;

  @Milliseconds()
  SHUTDOWN_GRACE_MS = 30_000;
}

/** Every setting there is, by name. */
const SETTINGS: ReadonlySet<string> = new Set([
  ...[Environment, ServerEnvironment, TracingEnvironment, OtelEnvironment, AccessEnvironment].flatMap((type) =>
    Object.keys(new type()),
  ),
  ...Object.keys(new ProxyEnvironment()),
  ...PROVIDER_VARIABLES,
  ...SECRET_FILES,
]);

/**
 * Reads the configuration from environment variables.
 * @throws ConfigurationError listing every variable that is wrong; no values are quoted, since some are secrets.
 */
export function loadConfig(given: Readonly<Record<string, string | undefined>>): AppConfig {
  const secrets = readSecretFiles(given);
  const { variables } = secrets;
  const isProduction = /^prod(uction)?$/i.test(variables['NODE_ENV']?.trim() ?? '');
  const environment = read(Environment, {
    ...variables,
    DEMO: variables['DEMO']?.trim() || (isProduction ? 'off' : 'on'),
  });
  const server = read(ServerEnvironment, variables);
  const tracing = read(TracingEnvironment, variables);
  const otel = read(OtelEnvironment, variables);
  const access = read(AccessEnvironment, variables);
  const proxies = read(ProxyEnvironment, variables);
  const providers = Object.assign(new ProviderEnvironment(), normalizeSwitches(pick(PROVIDER_VARIABLES, variables)));
  const faults = [
    ...[environment, server, access, providers, proxies, tracing, otel]
      .flatMap((each) => validateSync(each, { stopAtFirstError: true, forbidUnknownValues: false }))
      .flatMap(({ property, constraints = {} }) =>
        Object.values(constraints).map((text) => (secrets.read.has(property) ? `${property}_FILE: ${text}` : text)),
      ),
    ...secrets.faults,
    ...findTracingFaults(tracing, otel),
    ...findMisspeltSettings(variables, SETTINGS),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults);
  const tracingConfig = tracingConfigOf(tracing, otel);
  return Object.freeze<AppConfig>({
    http: {
      port: environment.PORT,
      host: environment.HOST,
      bodyLimit: environment.BODY_LIMIT,
      maxBodyBytes: bytesOf(environment.BODY_LIMIT),
      maxJsonValues: environment.MAX_JSON_VALUES,
      corsOrigins: environment.CORS_ORIGINS,
      playground: environment.PLAYGROUND,
      docs: environment.DOCS,
    },
    server: serverConfigOf(server),
    log: { level: environment.LOG_LEVEL, format: environment.LOG_FORMAT },
    providers: { OPENAI_MODEL, ...(providers as Partial<ProviderVariables>) },
    demo: { isOn: environment.DEMO, tokensPerSecond: environment.DEMO_TOKENS_PER_SECOND },
    stream: {
      debounceMs: environment.STREAM_DEBOUNCE_MS,
      heartbeatMs: environment.STREAM_HEARTBEAT_MS,
      openGraceMs: environment.STREAM_OPEN_GRACE_MS,
    },
    run: { timeoutMs: environment.RUN_TIMEOUT_MS, maxAnswerLength: environment.RUN_ANSWER_LIMIT },
    upstream: {
      firstTokenTimeoutMs: environment.UPSTREAM_FIRST_TOKEN_TIMEOUT_MS,
      idleTimeoutMs: environment.UPSTREAM_IDLE_TIMEOUT_MS,
      maxAnswerLength: environment.UPSTREAM_ANSWER_LIMIT,
      maxRetries: environment.UPSTREAM_MAX_RETRIES,
    },
    shutdown: { delayMs: environment.SHUTDOWN_DELAY_MS, graceMs: environment.SHUTDOWN_GRACE_MS },
    proxy: proxyConfigOf(proxies),
    tracing: tracingConfig,
    access: accessConfigOf(access),
    warnings: findIgnoredVariables(variables, SETTINGS, tracingConfig.otlp !== undefined),
  });
}

/** Takes the variables that the class has, with their defaults. */
function read<T extends object>(type: new () => T, variables: Readonly<Record<string, string | undefined>>): T {
  return plainToInstance(type, pick(Object.keys(new type()), variables), { exposeDefaultValues: true });
}

function pick(
  names: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const values = names.map((name) => [name, variables[name]?.trim() ?? ''] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== ''));
}
