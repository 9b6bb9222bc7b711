export { AppConfig, LOG_LEVELS } from './app-config.js';
export { loadConfig } from './environment.js';
export type { ProviderVariable, ProviderVariables } from './provider-variables.js';
export type { TracingConfig } from './tracing-config.js';
