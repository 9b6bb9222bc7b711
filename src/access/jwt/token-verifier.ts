import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { JwtConfig, LimitsConfig } from '../../config/index.js';
import { OverloadedError, UnauthorizedError } from '../../errors/index.js';
import type { Clock } from '../../kernel/index.js';
import { Caller } from '../caller.js';
import { WorkflowPatterns } from '../workflow-patterns.js';

/** Clocks of servers differ; so much is forgiven, in seconds. */
const CLOCK_TOLERANCE_S = 30;
/** How long the server of keys may take, in milliseconds. Requests wait for it, so it is not long. */
const JWKS_TIMEOUT_MS = 3_000;
/** How long a client is asked to wait when that server does not answer, in milliseconds. */
const RETRY_AFTER_MS = 5_000;
const LONGEST_NAME = 64;

/** Faults of the token itself. Whatever else goes wrong has to do with the server of keys. */
const FAULTS = [
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSMultipleMatchingKeys,
  errors.JWKSNoMatchingKey,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
];

/** Checks tokens of one issuer with the keys that it publishes, which are fetched when needed and kept for ten minutes. */
export class TokenVerifier {
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;

  /**
   * @param limits those of each user
   * @param onUnreachable told why the keys could not be had
   */
  constructor(
    private readonly config: JwtConfig,
    private readonly limits: LimitsConfig,
    private readonly clock: Clock,
    private readonly onUnreachable: (error: unknown) => void,
  ) {
    this.#keys = createRemoteJWKSet(new URL(config.jwksUrl), { timeoutDuration: JWKS_TIMEOUT_MS });
  }

  /**
   * @throws UnauthorizedError if the token is not good; OverloadedError if that cannot be told, since the keys to check it
   *   with cannot be had
   */
  async verify(token: string): Promise<Caller> {
    const { issuer, audiences, algorithms } = this.config;
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer,
        audience: [...audiences],
        algorithms: [...algorithms],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(this.clock.now()),
        requiredClaims: ['exp', 'sub'],
      });
      return this.#callerOf(payload);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new UnauthorizedError('The token has expired.', true);
      if (FAULTS.some((fault) => error instanceof fault)) {
        throw new UnauthorizedError('The token is not one that this server accepts.', true);
      }
      this.onUnreachable(error);
      throw new OverloadedError('The token cannot be checked now. Send the request again in a moment.', {
        code: 'authentication_unavailable',
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
  }

  #callerOf(payload: JWTPayload): Caller {
    const { sub = '' } = payload;
    if (sub === '') throw new errors.JWTInvalid('sub is empty');
    const { workflowsClaim } = this.config;
    return new Caller({
      id: `sub:${sub}`,
      name: sub.replace(/[\p{Cc}\s]/gu, '').slice(0, LONGEST_NAME),
      limits: this.limits,
      userId: sub,
      // Where tokens are to say it, one that does not may use nothing.
      workflows: workflowsClaim === undefined ? undefined : new WorkflowPatterns(listOf(payload[workflowsClaim])),
    });
  }
}

/** A list, or words with spaces between as OAuth writes scopes. */
function listOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '');
  return Array.isArray(claim) ? claim.filter((word) => typeof word === 'string') : [];
}
