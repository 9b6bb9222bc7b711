import type { AccessConfig } from './access-settings.js';
import type { ValuesByProvider } from './provider-settings.js';
import type { ProxyConfig } from './proxy-settings.js';
import type { ServerConfig } from './server-settings.js';
import type { ServiceSettings } from './service-settings.js';
import type { TracingConfig } from './tracing-settings.js';

/**
 * How long runs that the end of the process has aborted may take to clean up, in milliseconds. After that, the process
 * does not wait for them any longer.
 */
export const ABORTED_RUNS_LIMIT_MS = 5_000;

/**
 * Everything the environment decides, validated once at start; also its dependency-injection token. Times are in
 * milliseconds. `.env.example` explains each variable.
 */
export abstract class AppConfig {
  /** True if NODE_ENV says so, in whatever case, or short: `prod`. */
  abstract readonly isProduction: boolean;
  abstract readonly http: ServiceSettings['http'] & {
    /** `bodyLimit` in bytes. */
    readonly maxBodyBytes: number;
  };
  abstract readonly server: ServerConfig;
  abstract readonly log: ServiceSettings['log'];
  abstract readonly providers: ValuesByProvider;
  /** Undefined: requests go out directly. */
  abstract readonly proxy: ProxyConfig | undefined;
  abstract readonly demo: Omit<ServiceSettings['demo'], 'isOn'> & {
    /** As `DEMO` says, or as NODE_ENV does where that is not set. */
    readonly isOn: boolean;
  };
  abstract readonly stream: ServiceSettings['stream'];
  abstract readonly run: ServiceSettings['run'];
  abstract readonly store: ServiceSettings['store'];
  abstract readonly upstream: ServiceSettings['upstream'];
  abstract readonly mcp: ServiceSettings['mcp'];
  abstract readonly shutdown: ServiceSettings['shutdown'];
  abstract readonly tracing: TracingConfig;
  abstract readonly access: AccessConfig;
  /** What the person who starts the server should know of its environment, one line each. */
  abstract readonly warnings: readonly string[];
}
