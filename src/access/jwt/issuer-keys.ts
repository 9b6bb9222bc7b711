import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../kernel/index.js';

/** How long the key server may take, in milliseconds. Requests wait for it, so it is short. */
const TIMEOUT_MS = 3_000;
/** How long keys are used before they are fetched again, in milliseconds. */
const MAX_AGE_MS = 600_000;
/** Least time between two fetches for tokens with an unknown key, in milliseconds. */
const COOLDOWN_MS = 30_000;

type Keys = ReturnType<typeof createRemoteJWKSet>;
type Key = Awaited<ReturnType<Keys>>;
type Head = Parameters<JWTVerifyGetKey>[0];
type Token = Parameters<JWTVerifyGetKey>[1];

/** The key server could not be reached, or sent no list of keys. The token may be valid. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';

  constructor(override readonly cause: unknown) {
    super('The keys of JWT_JWKS_URL cannot be fetched');
  }
}

/** There is no key for a token. The message is for the log and quotes nothing of the token. */
class NoKeyError extends Error {
  override readonly name = 'NoKeyError';
}

/**
 * The keys that an issuer publishes. They are fetched when needed and kept for ten minutes. Their age is measured here, by
 * the monotonic clock: the library goes by the time of day, which can be set back.
 */
export class IssuerKeys {
  readonly #keys: Keys;
  readonly #clock: Clock;
  #fetchedAt = -Infinity;

  constructor(url: string, clock: Clock) {
    this.#clock = clock;
    this.#keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: TIMEOUT_MS,
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
    });
  }

  /**
   * Finds the key that checks a token.
   * @throws KeysUnavailableError, NoKeyError
   */
  readonly find = async (head: Head, token: Token): Promise<Key> => {
    if (this.#age >= MAX_AGE_MS) await this.#fetch();
    const key = await this.#choose(head, token);
    if (key !== undefined) return key;
    if (this.#age >= COOLDOWN_MS) {
      await this.#fetch();
      const newKey = await this.#choose(head, token);
      if (newKey !== undefined) return newKey;
    }
    throw new NoKeyError(
      head.kid === undefined
        ? `it names no key (kid), and JWT_JWKS_URL publishes none for ${head.alg}`
        : `JWT_JWKS_URL publishes no key of its kid for ${head.alg}; it was asked ${Math.round(this.#age / 1_000)} s ago`,
    );
  };

  get #age(): number {
    return this.#clock.monotonic() - this.#fetchedAt;
  }

  async #fetch(): Promise<void> {
    try {
      await this.#keys.reload();
    } catch (error) {
      throw new KeysUnavailableError(error);
    }
    this.#fetchedAt = this.#clock.monotonic();
  }

  /** @returns undefined if none fits */
  async #choose(head: Head, token: Token): Promise<Key | undefined> {
    try {
      return await this.#keys(head, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        throw new NoKeyError(
          head.kid === undefined
            ? `it names no key (kid), and JWT_JWKS_URL publishes several for ${head.alg}: have its issuer set kid`
            : `JWT_JWKS_URL publishes several keys of its kid for ${head.alg}`,
        );
      }
      // For example, the key is of an unsupported kind, or broken.
      throw new NoKeyError(`the key of JWT_JWKS_URL for it cannot be used: ${String(error)}`);
    }
  }
}
