import {
  jsonSecret,
  type ValueKind,
  optional,
  InvalidValue,
  secret,
  serverSetting,
  setting,
  type SettingValues,
} from './setting.js';
import { url } from './address.js';
import { allowedHosts } from './allowed-hosts.js';
import { mcpServerPlaces } from './mcp-servers.js';
import { priceList } from './price-list.js';
import { list, pattern, milliseconds, number, oneOf, onOrOff, size, text, wholeNumber } from './kinds.js';

/** Log levels of Nest's logger, from the quietest. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** The usual names of levels that Nest's logger calls differently. */
const USUAL_LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['info', 'log'],
  ['warning', 'warn'],
  ['trace', 'verbose'],
]);

/** A level of the log, by its usual name or by Nest's, in any case. */
const level: ValueKind<LogLevel> = (given) => {
  const name = given.toLowerCase();
  return (
    USUAL_LEVELS.get(name) ??
    LOG_LEVELS.find((known) => known === name) ??
    new InvalidValue('be one of fatal, error, warn, info, debug, trace')
  );
};

/** The settings of the service itself. Times are in milliseconds. `.env.example` explains each to operators. */
export const SERVICE_SETTINGS = {
  http: {
    port: serverSetting('PORT', wholeNumber(0, 65_535, 'be a port number from 0 to 65535'), 8080),
    host: serverSetting('HOST', text, '0.0.0.0'),
    /** Largest request body, as it was configured: `10mb`. */
    bodyLimit: setting(
      'BODY_LIMIT',
      pattern(/^\d+(\.\d+)?\s*(b|kb|mb|gb)?$/i, 'be a size such as 512kb or 10mb'),
      '10mb',
    ),
    /** Most values (objects, arrays, strings, numbers and so on) in the JSON of a body. */
    maxJsonValues: setting('MAX_JSON_VALUES', wholeNumber(1, 10_000_000), 100_000),
    /** Origins whose pages may call this server from a browser; `*` is any. Empty: none. */
    corsOrigins: setting(
      'CORS_ORIGINS',
      list(
        pattern(
          /^(\*|https?:\/\/[^\s/]+)$/,
          'be * or a list of origins such as https://app.example.com,http://localhost:3000',
        ),
      ),
      [],
    ),
    /** True if the page to try workflows with is served at `/`. */
    playground: setting('PLAYGROUND', onOrOff, true),
    /** True if Swagger UI is served at `/docs`, and the OpenAPI document at `/docs-json`. */
    docs: setting('DOCS', onOrOff, true),
  },
  log: {
    level: serverSetting('LOG_LEVEL', level, 'log'),
    format: serverSetting('LOG_FORMAT', oneOf(['json', 'pretty'], 'be json or pretty'), 'pretty'),
  },
  demo: {
    /**
     * False: no agent may use the demo, and it stands in for no missing provider. Not set: off where NODE_ENV is
     * production.
     */
    isOn: optional('DEMO', onOrOff),
    /** Pace of the demo provider; 0 is as fast as it can. */
    tokensPerSecond: setting('DEMO_TOKENS_PER_SECOND', number(0, 1000, 'be a number from 0 (no pause) to 1000'), 40),
  },
  stream: {
    /** Window in which text that follows closely is joined into one event; 0 sends each piece as it comes. */
    debounceMs: setting('STREAM_DEBOUNCE_MS', milliseconds(), 10),
    /** Silence after which a comment is sent, so that proxies keep the connection. */
    heartbeatMs: setting('STREAM_HEARTBEAT_MS', milliseconds(1), 15_000),
    /** How long the status line may wait for the first token or an error. */
    openGraceMs: setting('STREAM_OPEN_GRACE_MS', milliseconds(), 500),
  },
  run: {
    /** Longest time of one run, from request to last token. */
    timeoutMs: setting('RUN_TIMEOUT_MS', milliseconds(1), 600_000),
    /** Most characters that all steps of one run may send to its client together. */
    maxOutputLength: setting('RUN_ANSWER_LIMIT', size('256mb'), 32 * 1024 ** 2),
  },
  store: {
    /** False: nothing outlives its request. */
    isOn: setting('RUNS', onOrOff, true),
    /** PostgreSQL for what outlives its request, shared by all replicas; undefined: SQLite in {@link folder}, for one process. */
    databaseUrl: secret(
      'RUNS_DATABASE_URL',
      url(
        ['postgres', 'postgresql'],
        'be a postgres address, such as postgres://user:password@localhost:5432/millrace',
      ),
    ),
    /** Redis that hands runs to processes; undefined: the database does. What is kept stays in the database. */
    queueUrl: secret(
      'RUNS_QUEUE_URL',
      url(['redis', 'rediss'], 'be a redis or rediss address, such as redis://localhost:6379'),
    ),
    /**
     * What happens to active runs when the server shuts down: they may continue as long as requests, or move to another
     * process at once.
     */
    handover: setting('RUNS_HANDOVER', oneOf(['grace', 'now'], 'be grace or now'), 'grace'),
    /** Folder for what outlives its request; created when it is needed. */
    folder: setting('RUNS_DIR', text, '.millrace'),
    /** How long stored responses are kept, in seconds. */
    responsesTtlS: setting('RESPONSES_TTL_S', wholeNumber(1, 315_360_000), 86_400),
    /** How long the log and the request of a run are kept after its end, in seconds. */
    logTtlS: setting('RUNS_LOG_TTL_S', wholeNumber(1, 315_360_000), 86_400),
    /** How long the existence and outcome of a run are kept after its end, in seconds; at least as long as its log. */
    recordTtlS: setting('RUNS_RECORD_TTL_S', wholeNumber(1, 315_360_000), 2_592_000),
    /** Most bytes that the stored responses of one caller may take; the oldest are deleted first. */
    responsesMaxBytes: setting('RESPONSES_MAX_BYTES', size(), 256 * 1024 ** 2),
    /**
     * Active background runs of one process; the others wait. 0: other processes of the same database execute all of
     * them.
     */
    concurrency: setting('RUNS_CONCURRENCY', wholeNumber(0, 100_000), 100),
    /** Runs in the background of one caller that may wait. */
    mostQueuedOfCaller: setting('LIMIT_QUEUED_RUNS', wholeNumber(1, 1_000_000), 1_000),
    /** Longest time of one run in the background, from its beginning to its last token. */
    timeoutMs: setting('RUNS_TIMEOUT_MS', milliseconds(1), 3_600_000),
    /** Signs the tickets of streams; undefined: a secret that the store keeps. */
    ticketSecret: secret('RUNS_TICKET_SECRET', pattern(/^.{16,}$/, 'have at least 16 characters')),
    /** How long a run that is bound to its readers may have none, before it is ended. */
    leaveGraceMs: setting('RUNS_LEAVE_GRACE_MS', milliseconds(), 15_000),
  },
  upstream: {
    /** Longest wait for the first byte of a model's completion. */
    firstTokenTimeoutMs: setting('UPSTREAM_FIRST_TOKEN_TIMEOUT_MS', milliseconds(1), 300_000),
    /** Longest silence of a model within a completion. */
    idleTimeoutMs: setting('UPSTREAM_IDLE_TIMEOUT_MS', milliseconds(1), 60_000),
    /**
     * Most characters of one completion of a model: text, reasoning, refusal, tool calls, sources, images and sound
     * together. A text of twice the largest allowed value is longer than V8 can hold.
     */
    maxCompletionLength: setting('UPSTREAM_ANSWER_LIMIT', size('256mb'), 8 * 1024 ** 2),
    /** How often a request that failed before its completion began is sent to a model again. */
    maxRetries: setting('UPSTREAM_MAX_RETRIES', wholeNumber(0, 5), 1),
    /**
     * What a million tokens cost, in US dollars, by `provider/model`: in addition to the shipped prices, which they
     * override.
     */
    prices: setting('MODEL_PRICES', priceList, {}),
  },
  mcp: {
    /** MCP servers whose tools agents can have, by name. */
    servers: jsonSecret('MCP_SERVERS', mcpServerPlaces),
    /** Hosts of MCP servers that requests may name; none: no request may name one. */
    allowedHosts: setting('MCP_ALLOWED_HOSTS', allowedHosts, { hosts: [], ranges: [] }),
  },
  shutdown: {
    /** How long new requests are still taken after SIGTERM, while `/health/ready` already answers 503. */
    delayMs: setting('SHUTDOWN_DELAY_MS', milliseconds(), 0),
    /** How long open responses may continue after that. */
    graceMs: setting('SHUTDOWN_GRACE_MS', milliseconds(), 30_000),
  },
};

export type ServiceSettings = SettingValues<typeof SERVICE_SETTINGS>;

/** @returns one line for each fault of settings that do not go together */
export function findStoreFaults({ databaseUrl, queueUrl, concurrency }: ServiceSettings['store']): string[] {
  if (databaseUrl !== undefined) return [];
  return [
    ...(queueUrl === undefined
      ? []
      : ['RUNS_QUEUE_URL needs RUNS_DATABASE_URL: the queue only hands out runs that are kept there']),
    ...(concurrency === 0
      ? [
          'RUNS_CONCURRENCY=0 needs RUNS_DATABASE_URL: there, other processes find the runs that this one does not execute',
        ]
      : []),
  ];
}
