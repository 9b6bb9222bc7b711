export type { AccessConfig, JwtConfig, LimitsConfig } from './access-settings.js';
export { address, separateCredentials } from './address.js';
export { type AllowedHosts, makeAddressList } from './allowed-hosts.js';
export { ABORTED_RUNS_LIMIT_MS, AppConfig } from './app-config.js';
export type { NamedHash } from './key-list.js';
export { isCredential } from './kinds.js';
export {
  addressPart,
  type CommonProviderOptions,
  type CommonProviderValues,
  type ProviderDeclaration,
  type ProviderKey,
  providerKey,
} from './provider-settings.js';
export { findMcpServerFault, type HttpMcpServer, type McpServerPlace, type ProgramMcpServer } from './mcp-servers.js';
export type { Price } from './price-list.js';
export type { ProxyConfig } from './proxy-settings.js';
export type { SettingOptions } from './options.js';
export { type CommonOptions, listSettingNames, readConfig, readModuleConfig } from './read-config.js';
export type { ServerConfig } from './server-settings.js';
export { LOG_LEVELS } from './service-settings.js';
export { optional, Setting, setting, type Settings, type SettingValues } from './setting.js';
export type { TracingConfig } from './tracing-settings.js';
