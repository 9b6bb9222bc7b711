import type { AccessConfig } from './access-config.js';
import type { ProviderVariables } from './provider-variables.js';
import type { ProxyConfig } from './proxy-environment.js';
import type { ServerConfig } from './server-config.js';
import type { TracingConfig } from './tracing-config.js';

/** Log levels of Nest's logger, from the quietest. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const;

/**
 * How long runs that the end of the process has aborted may take to clean up, in milliseconds. Those that cannot are left
 * behind.
 */
export const ABORTED_RUNS_LIMIT_MS = 5_000;

/**
 * Everything the environment decides, validated once at start; also its dependency-injection token. Times are in
 * milliseconds. `.env.example` explains each variable.
 */
export abstract class AppConfig {
  abstract readonly http: {
    readonly port: number;
    readonly host: string;
    /** Largest request body, as it was configured: `10mb`. */
    readonly bodyLimit: string;
    /** The same in bytes. */
    readonly maxBodyBytes: number;
    /** Most values (objects, arrays, strings, numbers and so on) in the JSON of a body. */
    readonly maxJsonValues: number;
    /** Origins whose pages may call this server from a browser; `*` is any. Empty: none. */
    readonly corsOrigins: readonly string[];
    /** True if the page to try workflows with is served at `/`. */
    readonly playground: boolean;
    /** True if Swagger UI is served at `/docs`, and the OpenAPI document at `/docs-json`. */
    readonly docs: boolean;
  };
  abstract readonly server: ServerConfig;
  abstract readonly log: { readonly level: (typeof LOG_LEVELS)[number]; readonly format: 'json' | 'pretty' };
  abstract readonly providers: ProviderVariables;
  /** Undefined: requests go out directly. */
  abstract readonly proxy: ProxyConfig | undefined;
  abstract readonly demo: {
    /** False: no agent may use the demo, and it answers for no provider that is missing. */
    readonly isOn: boolean;
    /** Pace of the demo provider; 0 is as fast as it can. */
    readonly tokensPerSecond: number;
  };
  abstract readonly stream: {
    /** Window in which text that follows closely is joined into one event; 0 sends each piece as it comes. */
    readonly debounceMs: number;
    /** Silence after which a comment is sent, so that proxies keep the connection. */
    readonly heartbeatMs: number;
    /** How long the status line may wait for the first token or an error. */
    readonly openGraceMs: number;
  };
  abstract readonly run: {
    /** Longest time of one run, from request to last token. */
    readonly timeoutMs: number;
    /** Most that all steps of one run may say to its client together, in characters. */
    readonly maxAnswerLength: number;
  };
  abstract readonly upstream: {
    /** Longest wait for the first byte of a model's answer. */
    readonly firstTokenTimeoutMs: number;
    /** Longest silence of a model within an answer. */
    readonly idleTimeoutMs: number;
    /** Most characters of one answer of a model: text, reasoning, refusal, tool calls, sources, images and sound together. */
    readonly maxAnswerLength: number;
    /** How often a request that failed without an answer is sent to a model again. */
    readonly maxRetries: number;
  };
  abstract readonly shutdown: {
    /** How long new requests are still taken after SIGTERM, while `/health/ready` already answers 503. */
    readonly delayMs: number;
    /** How long open answers may go on after that. */
    readonly graceMs: number;
  };
  abstract readonly tracing: TracingConfig;
  abstract readonly access: AccessConfig;
  /** What the person who starts the server should know of its environment, one line each. */
  abstract readonly warnings: readonly string[];
}
