import { Transform, Type } from 'class-transformer';
import { IsDefined, IsIn, IsInt, IsOptional, IsUrl, Matches, Max, Min, ValidateIf } from 'class-validator';
import { type AccessConfig, JWT_ALGORITHMS, type JwtConfig, type NamedHash } from './access-config.js';
import { KeyList } from './key-list.js';
import { Milliseconds } from './milliseconds.js';
import { Size } from './size.js';

const MOST = 1_000_000_000;

/** Names of containers have underscores. */
const ADDRESS = { require_tld: false, allow_underscores: true, require_protocol: true };

function Count(): PropertyDecorator {
  const message = `$property must be a whole number from 0 to ${MOST}`;
  return (target, property) => {
    for (const decorate of [Type(() => Number), IsInt({ message }), Min(0, { message }), Max(MOST, { message })]) {
      decorate(target, property);
    }
  };
}

function List(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value,
  );
}

function HeaderName(): PropertyDecorator {
  return (target, property) => {
    for (const decorate of [
      Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toLowerCase() : value)),
      IsOptional(),
      Matches(/^[a-z0-9-]+$/, { message: '$property must be the name of a header, such as x-user-id' }),
    ]) {
      decorate(target, property);
    }
  };
}

/** One without the others would leave a server open that looks closed. */
const ofTokens = ({ JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE }: AccessEnvironment): boolean =>
  [JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE].some((value) => value !== undefined);
const TOGETHER = { message: '$property must be set: JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE need each other' };

/** The variables that decide who may ask, and how much; by name, with their defaults. */
export class AccessEnvironment {
  @KeyList()
  API_KEYS: readonly NamedHash[] = [];

  API_KEYS_FILE: string | undefined = undefined;

  @ValidateIf(ofTokens)
  @IsDefined(TOGETHER)
  @IsUrl(
    { ...ADDRESS, protocols: ['http', 'https'] },
    { message: '$property must be an http or https address, such as https://id.example.com/.well-known/jwks.json' },
  )
  JWT_JWKS_URL: string | undefined = undefined;

  @ValidateIf(ofTokens)
  @IsDefined(TOGETHER)
  JWT_ISSUER: string | undefined = undefined;

  @List()
  @ValidateIf(ofTokens)
  @IsDefined(TOGETHER)
  JWT_AUDIENCE: readonly string[] | undefined = undefined;

  @List()
  @IsIn(JWT_ALGORITHMS, { each: true, message: `$property must be a list of ${JWT_ALGORITHMS.join(', ')}` })
  JWT_ALGORITHMS: JwtConfig['algorithms'] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

  JWT_WORKFLOWS_CLAIM: string | undefined = undefined;

  @HeaderName()
  TRUSTED_USER_HEADER: string | undefined = undefined;

  @HeaderName()
  TRUSTED_SESSION_HEADER: string | undefined = undefined;

  @Count()
  LIMIT_REQUESTS_PER_MINUTE = 0;

  @Count()
  LIMIT_TOKENS_PER_MINUTE = 0;

  @Count()
  LIMIT_CONCURRENT_STREAMS = 0;

  @Count()
  TOTAL_REQUESTS_PER_MINUTE = 0;

  @Count()
  TOTAL_TOKENS_PER_MINUTE = 0;

  @Count()
  TOTAL_CONCURRENT_STREAMS = 0;

  @IsOptional()
  @IsUrl(
    { ...ADDRESS, protocols: ['redis', 'rediss'] },
    { message: '$property must be a redis or rediss address, such as redis://localhost:6379' },
  )
  REDIS_URL: string | undefined = undefined;

  /** More than one process serves well: it bounds memory and sockets. Whoever knows the models' pace sets a lower one. */
  @Count()
  MAX_CONCURRENT_RUNS = 10_000;

  @Count()
  MAX_QUEUED_RUNS = 1_000;

  /** Shorter than the patience of gateways: a request that waits has no status line yet, and no heartbeats. */
  @Milliseconds()
  MAX_QUEUE_WAIT_MS = 10_000;

  @IsOptional()
  @Size()
  MAX_BODY_MEMORY: number | undefined = undefined;

  @IsOptional()
  @Size()
  MAX_BODY_MEMORY_PER_CALLER: number | undefined = undefined;

  @Milliseconds()
  MAX_EVENT_LOOP_DELAY_MS = 1_000;

  @Milliseconds(1)
  IDEMPOTENCY_TTL_MS = 600_000;

  @Size()
  IDEMPOTENCY_MAX_BYTES = 32 * 1024 ** 2;
}

/** The configuration that the variables come to. */
export function accessConfigOf(variables: AccessEnvironment): AccessConfig {
  return {
    keys: variables.API_KEYS,
    keysFile: variables.API_KEYS_FILE,
    jwt: jwtConfigOf(variables),
    userHeader: variables.TRUSTED_USER_HEADER,
    sessionHeader: variables.TRUSTED_SESSION_HEADER,
    limits: {
      requestsPerMinute: variables.LIMIT_REQUESTS_PER_MINUTE,
      tokensPerMinute: variables.LIMIT_TOKENS_PER_MINUTE,
      concurrentStreams: variables.LIMIT_CONCURRENT_STREAMS,
    },
    totalLimits: {
      requestsPerMinute: variables.TOTAL_REQUESTS_PER_MINUTE,
      tokensPerMinute: variables.TOTAL_TOKENS_PER_MINUTE,
      concurrentStreams: variables.TOTAL_CONCURRENT_STREAMS,
    },
    redisUrl: variables.REDIS_URL,
    overload: {
      maxConcurrentRuns: variables.MAX_CONCURRENT_RUNS,
      maxQueuedRuns: variables.MAX_QUEUED_RUNS,
      maxQueueWaitMs: variables.MAX_QUEUE_WAIT_MS,
      maxBodyMemory: variables.MAX_BODY_MEMORY,
      maxBodyMemoryPerCaller: variables.MAX_BODY_MEMORY_PER_CALLER,
      maxEventLoopDelayMs: variables.MAX_EVENT_LOOP_DELAY_MS,
    },
    idempotency: { ttlMs: variables.IDEMPOTENCY_TTL_MS, maxBytes: variables.IDEMPOTENCY_MAX_BYTES },
  };
}

function jwtConfigOf({
  JWT_JWKS_URL: jwksUrl,
  JWT_ISSUER: issuer,
  JWT_AUDIENCE: audiences,
  JWT_ALGORITHMS: algorithms,
  JWT_WORKFLOWS_CLAIM: workflowsClaim,
}: AccessEnvironment): JwtConfig | undefined {
  if (jwksUrl === undefined || issuer === undefined || audiences === undefined) return undefined;
  return { jwksUrl, issuer, audiences, algorithms, workflowsClaim };
}
