import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { JwtConfig, LimitsConfig } from '../../config/index.js';
import { OverloadedError, UnauthorizedError } from '../../errors/index.js';
import { type Clock, ensureError } from '../../kernel/index.js';
import { Caller, TOKEN_ID } from '../caller.js';
import { WorkflowPatterns } from '../workflow-patterns.js';
import { IssuerKeys, KeysUnavailableError } from './issuer-keys.js';

/** How far the clocks of servers may differ, in seconds. */
const CLOCK_TOLERANCE_S = 30;
/** How long a client is asked to wait when the key server does not respond, in milliseconds. */
const RETRY_AFTER_MS = 5_000;
const LONGEST_NAME = 64;
const LONGEST_REASON = 256;

/** Logs what the operator must know. */
interface TokenListener {
  /** The keys could not be fetched: requests with tokens get a 503. */
  readonly onUnavailable: (cause: unknown) => void;
  /** A token was refused for a reason that its holder does not get: how it was made, or which keys are published. */
  readonly onRefused: (reason: string) => void;
}

/** Checks tokens of one issuer with the keys that it publishes. */
export class TokenVerifier {
  readonly #keys: IssuerKeys;

  /** @param limits of each user */
  constructor(
    private readonly config: JwtConfig,
    private readonly limits: LimitsConfig,
    private readonly clock: Clock,
    private readonly listener: TokenListener,
  ) {
    this.#keys = new IssuerKeys(config.jwksUrl, clock);
  }

  /**
   * Checks a token, and makes a caller of the user that it names.
   * @throws UnauthorizedError if the token is not valid; OverloadedError if the keys to check it with cannot be fetched
   */
  async verify(token: string): Promise<Caller> {
    const { issuer, audiences, algorithms } = this.config;
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        issuer,
        audience: [...audiences],
        algorithms: [...algorithms],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(this.clock.now()),
        requiredClaims: ['exp', 'sub'],
      });
      return this.#makeCaller(payload);
    } catch (thrown) {
      throw this.#makeTokenError(thrown);
    }
  }

  #makeTokenError(thrown: unknown): Error {
    if (thrown instanceof KeysUnavailableError) {
      this.listener.onUnavailable(thrown.cause);
      return new OverloadedError('The token cannot be checked now. Send the request again in a moment.', {
        code: 'authentication_unavailable',
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    if (thrown instanceof errors.JWTExpired) return new UnauthorizedError('The token has expired.', true);
    // The library's messages name claims, algorithms and header parameters, and quote no values.
    this.listener.onRefused(ensureError(thrown).message.slice(0, LONGEST_REASON));
    return new UnauthorizedError('The token is not one that this server accepts.', true);
  }

  #makeCaller(payload: JWTPayload): Caller {
    const sub: unknown = payload.sub;
    if (typeof sub !== 'string' || sub === '')
      throw new errors.JWTInvalid('"sub" claim must be a string that is not empty');
    const { workflowsClaim } = this.config;
    return new Caller({
      id: `${TOKEN_ID}${sub}`,
      // One word in a log line, without invisible characters.
      name: sub.replace(/[\p{C}\s]/gu, '').slice(0, LONGEST_NAME),
      limits: this.limits,
      userId: sub,
      // If the claim is configured, a token without it may use no workflow.
      workflows: workflowsClaim === undefined ? undefined : new WorkflowPatterns(readList(payload[workflowsClaim])),
    });
  }
}

/** Reads a list, or words with spaces between them, as OAuth writes scopes. */
function readList(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '');
  return Array.isArray(claim) ? claim.filter((word) => typeof word === 'string') : [];
}
