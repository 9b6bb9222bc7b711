import { url } from './address.js';
import { keyList } from './key-list.js';
import { list, matching, milliseconds, oneOf, size, text, wholeNumber } from './kinds.js';
import { type Kind, optional, secret, setting, type Source, type Values } from './setting.js';

/** Algorithms that a token may be signed with: asymmetric ones, so that who can check a token cannot make one. */
const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const count = wholeNumber(0, 1_000_000_000);

const name = matching(/^[a-z0-9-]+$/, 'be the name of a header, such as x-user-id');
const headerName: Kind<string> = (given) => name(given.toLowerCase());

/** What is asked for of one key, or of all together. */
const limitSettings = (prefix: 'LIMIT' | 'TOTAL') => ({
  /** Completions that may begin within one minute. */
  requestsPerMinute: setting(`${prefix}_REQUESTS_PER_MINUTE`, count, 0),
  /** Tokens, of input and output, within one minute. */
  tokensPerMinute: setting(`${prefix}_TOKENS_PER_MINUTE`, count, 0),
  /** Completions, streamed or not, in the making at the same time. */
  concurrentStreams: setting(`${prefix}_CONCURRENT_STREAMS`, count, 0),
});

/** Who may ask for what, and how much. */
export const ACCESS_SETTINGS = {
  keys: setting('API_KEYS', keyList, []),
  /** A file with more keys, watched for changes. */
  keysFile: optional('API_KEYS_FILE', text),
  /** Names, in lower case, of headers that a gateway sets; undefined: there is none that could be believed. */
  userHeader: optional('TRUSTED_USER_HEADER', headerName),
  sessionHeader: optional('TRUSTED_SESSION_HEADER', headerName),
  /** Limits of each key that has none of its own. */
  limits: limitSettings('LIMIT'),
  /** Limits of all keys together. */
  totalLimits: limitSettings('TOTAL'),
  /** Where replicas count together; undefined: each counts by itself. */
  redisUrl: secret(
    'REDIS_URL',
    url(['redis', 'rediss'], 'be a redis or rediss address, such as redis://localhost:6379'),
  ),
  overload: {
    /**
     * Runs at the same time; 0: any number. The default is more than one process serves well: it bounds memory and sockets.
     * Whoever knows the models' pace sets a lower one.
     */
    maxConcurrentRuns: setting('MAX_CONCURRENT_RUNS', count, 10_000),
    /** Requests that may wait for one of them to end. */
    maxQueuedRuns: setting('MAX_QUEUED_RUNS', count, 1_000),
    /** Shorter than the patience of gateways: a request that waits has no status line yet, and no heartbeats. */
    maxQueueWaitMs: setting('MAX_QUEUE_WAIT_MS', milliseconds(), 10_000),
    /** Most bytes that the bodies of requests may take in memory; undefined: half of what Node's heap may grow to. */
    maxBodyMemory: optional('MAX_BODY_MEMORY', size()),
    /** Most bytes for those of one caller; undefined: half of that where callers say who they are, else all of it. */
    maxBodyMemoryPerCaller: optional('MAX_BODY_MEMORY_PER_CALLER', size()),
    /** Lateness of the event loop from which on new requests are refused; 0: never. */
    maxEventLoopDelayMs: setting('MAX_EVENT_LOOP_DELAY_MS', milliseconds(), 1_000),
  },
  idempotency: {
    /** How long the response to a request with an `Idempotency-Key` is kept. */
    ttlMs: setting('IDEMPOTENCY_TTL_MS', milliseconds(1), 600_000),
    /** Most bytes of such responses in this process. */
    maxBytes: setting('IDEMPOTENCY_MAX_BYTES', size(), 32 * 1024 ** 2),
  },
};

/** What names an issuer of tokens; all of it or nothing. */
const ISSUER = {
  jwksUrl: optional(
    'JWT_JWKS_URL',
    url(['http', 'https'], 'be an http or https address, such as https://id.example.com/.well-known/jwks.json'),
  ),
  issuer: optional('JWT_ISSUER', text),
  /** A token must be meant for one of them. */
  audiences: optional('JWT_AUDIENCE', list(text)),
};

/** Whose tokens are taken, and what is read from them. */
export const JWT_SETTINGS = {
  ...ISSUER,
  algorithms: setting('JWT_ALGORITHMS', list(oneOf(JWT_ALGORITHMS, `be a list of ${JWT_ALGORITHMS.join(', ')}`)), [
    'RS256',
    'PS256',
    'ES256',
    'EdDSA',
  ]),
  /** The claim that lists the workflows a token may use; undefined: every token may use all. */
  workflowsClaim: optional('JWT_WORKFLOWS_CLAIM', text),
};

type JwtSettings = Values<typeof JWT_SETTINGS>;
export type JwtConfig = JwtSettings & { readonly [K in keyof typeof ISSUER]: NonNullable<JwtSettings[K]> };
/** What one key, or all together, may ask for. 0: as much as they like. */
export type LimitsConfig = Values<ReturnType<typeof limitSettings>>;

/** Who may ask for what, and how much. */
export type AccessConfig = Values<typeof ACCESS_SETTINGS> & {
  /** Undefined: no tokens are taken. */
  readonly jwt: JwtConfig | undefined;
};

/** Reports settings of an issuer without the others: they would leave a server open that looks closed. */
export function checkIssuer(source: Source): void {
  const names = Object.values(ISSUER).map((each) => each.name);
  const missing = names.filter((each) => !source.isSet(each));
  if (missing.length === names.length) return;
  for (const each of missing) {
    source.report(each, 'be set: JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE need each other');
  }
}

/** Undefined if there is no issuer. */
export function readJwtConfig({ jwksUrl, issuer, audiences, ...others }: JwtSettings): JwtConfig | undefined {
  if (jwksUrl === undefined || issuer === undefined || audiences === undefined) return undefined;
  return { jwksUrl, issuer, audiences, ...others };
}
