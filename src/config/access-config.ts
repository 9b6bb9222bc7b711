/** What one key, or all together, may ask for. 0: as much as they like. */
export interface LimitsConfig {
  /** Completions that may begin within one minute. */
  readonly requestsPerMinute: number;
  /** Tokens, of input and output, within one minute. */
  readonly tokensPerMinute: number;
  /** Answers, streamed or not, in the making at the same time. */
  readonly concurrentStreams: number;
}

/** A key as the configuration knows it: never the key itself. */
export interface NamedHash {
  readonly name: string;
  /** SHA-256 of the key, 64 lower-case hex digits. */
  readonly hash: string;
}

/** Algorithms that a token may be signed with: asymmetric ones, so that who can check a token cannot make one. */
export const JWT_ALGORITHMS = [
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

/** Whose tokens are taken, and what is read from them. */
export interface JwtConfig {
  readonly jwksUrl: string;
  readonly issuer: string;
  /** A token must be meant for one of them. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly (typeof JWT_ALGORITHMS)[number][];
  /** The claim that lists the workflows a token may use; undefined: every token may use all. */
  readonly workflowsClaim: string | undefined;
}

/** Who may ask for what, and how much. `.env.example` explains each variable. */
export interface AccessConfig {
  readonly keys: readonly NamedHash[];
  /** A file with more keys, watched for changes. */
  readonly keysFile: string | undefined;
  readonly jwt: JwtConfig | undefined;
  /** Names, in lower case, of headers that a gateway sets; undefined: there is none that could be believed. */
  readonly userHeader: string | undefined;
  readonly sessionHeader: string | undefined;
  /** Limits of each key that has none of its own. */
  readonly limits: LimitsConfig;
  /** Limits of all keys together. */
  readonly totalLimits: LimitsConfig;
  /** Where replicas count together; undefined: each counts by itself. */
  readonly redisUrl: string | undefined;
  readonly overload: {
    /** Runs at the same time; 0: any number. */
    readonly maxConcurrentRuns: number;
    /** Requests that may wait for one of them to end. */
    readonly maxQueuedRuns: number;
    readonly maxQueueWaitMs: number;
    /** Most bytes that the bodies of requests may take in memory; undefined: half of what Node's heap may grow to. */
    readonly maxBodyMemory: number | undefined;
    /** Most bytes for those of one caller; undefined: half of that where callers say who they are, else all of it. */
    readonly maxBodyMemoryPerCaller: number | undefined;
    /** Lateness of the event loop from which on new requests are refused; 0: never. */
    readonly maxEventLoopDelayMs: number;
  };
  readonly idempotency: {
    /** How long the answer to a request with an `Idempotency-Key` is kept. */
    readonly ttlMs: number;
    /** Most bytes of such answers in this process. */
    readonly maxBytes: number;
  };
}
