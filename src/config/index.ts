export type { AccessConfig, JwtConfig, LimitsConfig, NamedHash } from './access-config.js';
export { ABORTED_RUNS_LIMIT_MS, AppConfig, LOG_LEVELS } from './app-config.js';
export { isCredential } from './credential.js';
export { loadConfig } from './environment.js';
export type { ProviderCredential, ProviderVariable, ProviderVariables } from './provider-variables.js';
export type { ServerConfig } from './server-config.js';
export type { TracingConfig } from './tracing-config.js';
