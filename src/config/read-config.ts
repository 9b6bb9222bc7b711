import { ConfigurationError } from '../errors/index.js';
import { ACCESS_SETTINGS, checkIssuer, JWT_SETTINGS, readJwtConfig } from './access-settings.js';
import type { AppConfig } from './app-config.js';
import { findIgnoredVariables } from './ignored-variables.js';
import { parseBytes } from './kinds.js';
import { findMisspeltSettings } from './misspelt-settings.js';
import { OTEL_SETTINGS } from './otel-settings.js';
import { type SettingOptions, type OtherOptions, writeOptions, type WrittenOptions } from './options.js';
import { makeProviderSettings, type ProviderDeclaration } from './provider-settings.js';
import { PROXY_SETTINGS, readProxyConfig } from './proxy-settings.js';
import { readSecretFiles } from './secret-files.js';
import { SERVER_SETTINGS } from './server-settings.js';
import { findStoreFaults, SERVICE_SETTINGS } from './service-settings.js';
import { listSettings, readSettings, Source, type Variables } from './setting.js';
import { SettingWords } from './setting-words.js';
import { findTracingFaults, readTracingConfig, TRACING_SETTINGS } from './tracing-settings.js';

/** All settings but those of the providers. */
const SETTINGS = {
  service: SERVICE_SETTINGS,
  server: SERVER_SETTINGS,
  tracing: TRACING_SETTINGS,
  otel: OTEL_SETTINGS,
  access: ACCESS_SETTINGS,
  jwt: JWT_SETTINGS,
  proxy: PROXY_SETTINGS,
};

/** The settings that a program can give as options, in their groups. */
const OPTIONS = {
  ...SERVICE_SETTINGS,
  server: SERVER_SETTINGS,
  tracing: TRACING_SETTINGS,
  otel: OTEL_SETTINGS,
  access: ACCESS_SETTINGS,
  jwt: JWT_SETTINGS,
};

/** The options that stand for variables, without those of the providers, which come from their declarations. */
export type CommonOptions = SettingOptions<typeof OPTIONS>;

/** The common options, and those of a list of providers. */
type ModuleSettings = CommonOptions & { readonly providers?: object | undefined };

/** Defaults where Millrace is a module: pages for people are off unless the application asks for them. */
const MODULE_DEFAULTS = { PLAYGROUND: 'off', DOCS: 'off' };

/** Names that other programs use for these settings. */
const KNOWN_ELSEWHERE = {
  LANGFUSE_ENDPOINT: 'LANGFUSE_BASE_URL',
  LANGFUSE_URL: 'LANGFUSE_BASE_URL',
  LANGFUSE_OTEL_HOST: 'LANGFUSE_BASE_URL',
  JWKS_URL: 'JWT_JWKS_URL',
  JWKS_URI: 'JWT_JWKS_URL',
  MAX_BODY_SIZE: 'BODY_LIMIT',
  MAX_CONCURRENT_STREAMS: 'MAX_CONCURRENT_RUNS',
  MAX_CONCURRENT_REQUESTS: 'MAX_CONCURRENT_RUNS',
  DEMO_MODE: 'DEMO',
};
/** docker-compose.yml reads it from the same .env, and Kubernetes sets it for a service named langfuse. */
const FOREIGN = ['LANGFUSE_PORT'];

/** The names of all variables that are read, with those of the files that hold secrets. */
export function listSettingNames(providers: readonly ProviderDeclaration[]): readonly string[] {
  const settings = listSettings({ ...SETTINGS, providers: makeProviderSettings(providers) });
  const secrets = settings.filter(({ secrecy }) => secrecy !== 'open');
  return [...settings.map(({ name }) => name), ...secrets.map(({ name }) => `${name}_FILE`)];
}

/**
 * Reads the configuration from environment variables. An empty variable counts as not set.
 * @param providers of models, with the settings that they declare
 * @throws ConfigurationError listing every variable that is wrong; no values are quoted, since some are secrets.
 */
export function readConfig(given: Variables, providers: readonly ProviderDeclaration[]): AppConfig {
  return read(given, providers);
}

/**
 * Reads the configuration of Millrace as a module of an application. Settings that only the owner of a server may
 * decide keep their defaults, options win over variables, and an unknown variable only causes a warning, because it may
 * be the application's.
 * @param others options that are no settings, and what is wrong with them
 * @throws ConfigurationError listing every option and variable that is wrong
 */
export function readModuleConfig(
  options: ModuleSettings,
  environment: Variables,
  providers: readonly ProviderDeclaration[],
  others: OtherOptions,
): AppConfig {
  const written = writeOptions({ ...OPTIONS, providers: makeProviderSettings(providers) }, options, others);
  const given: Record<string, string | undefined> = { ...MODULE_DEFAULTS, ...environment, ...written.variables };
  // An option wins over its variable, and over the file of its variable.
  for (const name of Object.keys(written.variables)) delete given[`${name}_FILE`];
  return read(given, providers, written);
}

/** @param written the options of the application; absent: Millrace is a service of its own */
function read(given: Variables, providers: readonly ProviderDeclaration[], written?: WrittenOptions): AppConfig {
  const settings = { ...SETTINGS, providers: makeProviderSettings(providers) };
  const known = new Set(listSettingNames(providers));
  const secrets = readSecretFiles(given, listSettings(settings));
  const { variables } = secrets;
  const describe = (name: string): string =>
    written?.places.get(name) ?? (secrets.read.has(name) ? `${name}_FILE: ${name}` : name);
  const source = new Source(variables, describe, written !== undefined);
  const { service, server, access, jwt, proxy, tracing, otel, ...others } = readSettings(settings, source);
  checkIssuer(source);
  const misspelt = findMisspeltSettings(variables, known, {
    knownElsewhere: Object.assign({ ...KNOWN_ELSEWHERE }, ...providers.map((each) => each.knownElsewhere)),
    foreign: new Set([...FOREIGN, ...providers.flatMap(({ foreign = [] }) => foreign)]),
    words: new SettingWords(providers),
  });
  const faults = [
    ...(written?.faults ?? []),
    ...source.faults,
    ...secrets.faults,
    ...findStoreFaults(service.store),
    ...findTracingFaults(tracing, otel),
    ...(written === undefined ? misspelt : []),
  ];
  if (faults.length > 0) {
    throw new ConfigurationError(
      faults,
      written === undefined ? 'in the environment' : 'in its options or the environment',
    );
  }
  const tracingConfig = { ...readTracingConfig(tracing, otel), providerNames: listConventionalNames(providers) };
  const production = isProduction(variables['NODE_ENV']);
  const ignored: Record<string, string> = Object.assign({}, ...providers.map((each) => each.ignored));
  return Object.freeze<AppConfig>({
    ...service,
    isProduction: production,
    http: { ...service.http, maxBodyBytes: parseBytes(service.http.bodyLimit) },
    demo: { ...service.demo, isOn: service.demo.isOn ?? !production },
    server,
    providers: others.providers,
    proxy: readProxyConfig(proxy),
    tracing: tracingConfig,
    access: {
      ...access,
      jwt: readJwtConfig(jwt),
      inspect: access.inspect ?? (!production && written === undefined),
    },
    warnings: [
      ...(written === undefined ? [] : misspelt),
      ...findIgnoredVariables(variables, known, tracingConfig.otlp !== undefined, ignored),
    ],
  });
}

function listConventionalNames(providers: readonly ProviderDeclaration[]): Readonly<Record<string, string>> {
  return Object.fromEntries(providers.map(({ name, conventionalName = name }) => [name, conventionalName]));
}

function isProduction(environment = ''): boolean {
  return /^prod(uction)?$/i.test(environment.trim());
}
