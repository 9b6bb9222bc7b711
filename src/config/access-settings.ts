import { url } from './address.js';
import { keyList } from './key-list.js';
import { list, onOrOff, pattern, milliseconds, oneOf, size, text, wholeNumber } from './kinds.js';
import { type ValueKind, optional, InvalidValue, secret, setting, type Source, type SettingValues } from './setting.js';

/**
 * Algorithms with which a token may be signed. All are asymmetric, so that a server that checks tokens cannot make
 * them.
 */
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

const name = pattern(/^[a-z0-9-]+$/, 'be the name of a header, such as x-user-id');
const headerName: ValueKind<string> = (given) => name(given.toLowerCase());

const keyNames = list(pattern(/^[\w.@-]{1,64}$/, 'be on, off, or a list of names of keys'));
const inspectors: ValueKind<boolean | readonly string[]> = (given) => {
  const isSwitch = onOrOff(given);
  return isSwitch instanceof InvalidValue ? keyNames(given) : isSwitch;
};

/** The limits of one key, or of all keys together. */
const makeLimitSettings = (prefix: 'LIMIT' | 'TOTAL') => ({
  /** Completions that may begin within one minute. */
  requestsPerMinute: setting(`${prefix}_REQUESTS_PER_MINUTE`, count, 0),
  /** Tokens, of input and output, within one minute. */
  tokensPerMinute: setting(`${prefix}_TOKENS_PER_MINUTE`, count, 0),
  /** Completions, streamed or not, that run at the same time. */
  concurrentStreams: setting(`${prefix}_CONCURRENT_STREAMS`, count, 0),
});

/** The settings of keys, limits, overload and idempotency. */
export const ACCESS_SETTINGS = {
  keys: setting('API_KEYS', keyList, []),
  /** A file with more keys, watched for changes. */
  keysFile: optional('API_KEYS_FILE', text),
  /**
   * Who may inspect runs: everybody (true), the keys of these names, or only keys whose entry in the key file allows it
   * (false). Not set: everybody, except in production (NODE_ENV) or as a module: nobody.
   */
  inspect: optional('RUNS_INSPECT', inspectors),
  /** Names, in lower case, of headers that a gateway sets and this server believes; undefined: none. */
  userHeader: optional('TRUSTED_USER_HEADER', headerName),
  sessionHeader: optional('TRUSTED_SESSION_HEADER', headerName),
  /** Limits of each key that has none of its own. */
  limits: makeLimitSettings('LIMIT'),
  /** Limits of all keys together. */
  totalLimits: makeLimitSettings('TOTAL'),
  /** Where all replicas keep their counts; undefined: each replica counts by itself. */
  redisUrl: secret(
    'REDIS_URL',
    url(['redis', 'rediss'], 'be a redis or rediss address, such as redis://localhost:6379'),
  ),
  overload: {
    /**
     * Most runs at the same time; 0: any number. The default is more than one process serves well and only bounds
     * memory and sockets. Set a lower one if you know how fast the models are.
     */
    maxConcurrentRuns: setting('MAX_CONCURRENT_RUNS', count, 10_000),
    /** Most requests that may wait for a run to end. */
    maxQueuedRuns: setting('MAX_QUEUED_RUNS', count, 1_000),
    /**
     * Longest wait for a run to end. Keep it shorter than a gateway's timeout: a request that waits gets no status line
     * and no heartbeats.
     */
    maxQueueWaitMs: setting('MAX_QUEUE_WAIT_MS', milliseconds(), 10_000),
    /** Most bytes that the bodies of requests may take in memory; undefined: half of what Node's heap may grow to. */
    maxBodyMemory: optional('MAX_BODY_MEMORY', size()),
    /**
     * Most bytes for the bodies of one caller; undefined: half of the total where keys or tokens are needed, else all
     * of it.
     */
    maxBodyMemoryPerCaller: optional('MAX_BODY_MEMORY_PER_CALLER', size()),
    /** New requests are refused while the event loop is later than this; 0: never. */
    maxEventLoopDelayMs: setting('MAX_EVENT_LOOP_DELAY_MS', milliseconds(), 1_000),
  },
  idempotency: {
    /** How long the response to a request with an `Idempotency-Key` is kept. */
    ttlMs: setting('IDEMPOTENCY_TTL_MS', milliseconds(1), 600_000),
    /** Most bytes of such responses in this process. */
    maxBytes: setting('IDEMPOTENCY_MAX_BYTES', size(), 32 * 1024 ** 2),
  },
};

/** The settings that name an issuer of tokens. All must be set, or none. */
const ISSUER = {
  jwksUrl: optional(
    'JWT_JWKS_URL',
    url(['http', 'https'], 'be an http or https address, such as https://id.example.com/.well-known/jwks.json'),
  ),
  issuer: optional('JWT_ISSUER', text),
  /** A token must be meant for one of them. */
  audiences: optional('JWT_AUDIENCE', list(text)),
};

/** Which tokens are accepted, and what is read from them. */
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

type JwtSettings = SettingValues<typeof JWT_SETTINGS>;
export type JwtConfig = JwtSettings & { readonly [K in keyof typeof ISSUER]: NonNullable<JwtSettings[K]> };
/** Limits of one key, or of all keys together; 0: no limit. */
export type LimitsConfig = SettingValues<ReturnType<typeof makeLimitSettings>>;

/** Who may use which workflows, and how much. */
export type AccessConfig = SettingValues<typeof ACCESS_SETTINGS> & {
  /** Undefined: no tokens are accepted. */
  readonly jwt: JwtConfig | undefined;
  /** As `RUNS_INSPECT` says, or as NODE_ENV does where that is not set. */
  readonly inspect: boolean | readonly string[];
};

/** Reports an issuer that is only partly configured: the server would look closed, but be open. */
export function checkIssuer(source: Source): void {
  const names = Object.values(ISSUER).map((each) => each.name);
  const missing = names.filter((each) => !source.isSet(each));
  if (missing.length === names.length) return;
  for (const each of missing) {
    source.report(each, 'be set: JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE need each other');
  }
}

/** @returns undefined if there is no issuer */
export function readJwtConfig({ jwksUrl, issuer, audiences, ...others }: JwtSettings): JwtConfig | undefined {
  if (jwksUrl === undefined || issuer === undefined || audiences === undefined) return undefined;
  return { jwksUrl, issuer, audiences, ...others };
}
