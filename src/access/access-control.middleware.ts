import type { IncomingMessage } from 'node:http';
import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import { AppConfig } from '../config/index.js';
import { ConfigurationError, UnauthorizedError } from '../errors/index.js';
import { Clock, ensureError } from '../kernel/index.js';
import { Caller, TOKEN_ID } from './caller.js';
import { readCredential, isToken } from './read-credential.js';
import type { TokenVerifier } from './jwt/index.js';
import { type KeyEntry, KeyFile, KeyFileError, KeyRing, type KnownKey } from './keys/index.js';
import { RareWarning } from './rare-warning.js';

const callers = new WeakMap<IncomingMessage, Caller>();

/** The name that logs use for the caller of a request; undefined if the caller is unknown or needs no key. */
export function findCallerName(request: IncomingMessage): string | undefined {
  return callers.get(request)?.name;
}

/** Identifies callers by keys or tokens; where neither is configured, everybody is let in. */
@Injectable()
export class AccessControl implements OnModuleInit, OnModuleDestroy {
  /** True if no key or token is needed. */
  readonly isOpen: boolean;
  readonly #logger = new Logger('Keys');
  readonly #anybody: Caller;
  readonly #file: KeyFile | undefined;
  #tokens: TokenVerifier | undefined;
  #ring: KeyRing;
  #isGuest: (request: Request) => boolean = () => false;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    const { keys, keysFile, jwt, limits } = config.access;
    this.isOpen = keys.length === 0 && keysFile === undefined && jwt === undefined;
    this.#anybody = new Caller({ id: 'anybody', limits });
    this.#ring = new KeyRing(keys, limits);
    if (keysFile !== undefined) this.#file = new KeyFile(keysFile, clock);
  }

  /** @throws ConfigurationError if the file of keys cannot be used */
  async onModuleInit(): Promise<void> {
    // There are no callers outside HTTP.
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    if (this.isOpen) {
      this.#logger.warn(
        'No API keys are configured: everybody who can reach this server can use it. Set API_KEYS or API_KEYS_FILE, or the options access.keys or access.keysFile of MillraceModule (docs/access.md).',
      );
    }
    await this.#takeTokens();
    if (this.#file === undefined) return;
    try {
      const fault = await this.#file.open((entries) => this.#take(entries));
      if (fault !== undefined) {
        this.#logger.error(
          `API_KEYS_FILE cannot be used; this process starts with the keys that the others know. ${fault.message}`,
        );
      }
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      throw new ConfigurationError(error.faults.map((fault) => `API_KEYS_FILE: ${fault}`));
    }
    this.#file.watch({
      onChange: async (entries) => {
        await this.#take(entries);
        this.#logger.log(`API_KEYS_FILE has changed: ${this.#ring.size} keys are known now`);
      },
      onFault: ({ message }) =>
        this.#logger.error(`API_KEYS_FILE has changed and cannot be used; the keys known before hold. ${message}`),
    });
  }

  /**
   * The owner of runs that the application itself starts: the API key with the name `schedules` sees them, or everybody
   * if no keys are needed. They have no limits.
   */
  get application(): Caller {
    const limits = { requestsPerMinute: 0, tokensPerMinute: 0, concurrentStreams: 0 };
    return new Caller({ id: this.isOpen ? this.#anybody.id : 'key:schedules', limits });
  }

  /**
   * The caller of an earlier request, with the limits that it has now.
   * @returns undefined if its key is no longer valid. For tokens this cannot be known: their holders stay
   */
  findCaller(id: string): Caller | undefined {
    if (this.isOpen) return id === this.#anybody.id ? this.#anybody : undefined;
    if (this.#tokens !== undefined && id.startsWith(TOKEN_ID))
      return new Caller({ id, limits: this.config.access.limits });
    const known = this.#ring.findCaller(id);
    return known === undefined || this.#findRefusal(known) !== undefined ? undefined : known.caller;
  }

  /**
   * Lets requests without a key pass if they carry another proof, which the route checks. They have no caller.
   * @param isGuest by a request's whole path and its query
   */
  admitGuests(isGuest: (request: Request) => boolean): void {
    this.#isGuest = isGuest;
  }

  onModuleDestroy(): void {
    this.#file?.stop();
  }

  /** The middleware of every route that needs a key or token. It runs before bodies are read. */
  readonly middleware = (request: Request, _response: Response, next: NextFunction): void => {
    // Preflights carry no key, and the responses to them reveal nothing.
    if (this.isOpen || request.method === 'OPTIONS' || this.#isGuest(request)) {
      next();
      return;
    }
    void this.#letPass(request, next);
  };

  async #letPass(request: Request, next: NextFunction): Promise<void> {
    try {
      callers.set(request, await this.#authenticate(request));
    } catch (error) {
      next(error);
      return;
    }
    next();
  }

  /**
   * The caller of a request that has passed the {@link middleware}.
   * @throws Error if the request has not passed it: a route that it does not cover is closed rather than open
   */
  requireCaller(request: IncomingMessage): Caller {
    if (this.isOpen) return this.#anybody;
    const caller = callers.get(request);
    if (caller === undefined)
      throw new Error('The caller of this request is unknown: its route is not below the guarded paths.');
    return caller;
  }

  async #takeTokens(): Promise<void> {
    const { jwt, limits } = this.config.access;
    if (jwt === undefined) return;
    // Loaded on demand: most servers check no tokens.
    const { TokenVerifier } = await import('./jwt/index.js');
    const unavailable = new RareWarning(this.#logger, this.clock);
    const refused = new RareWarning(this.#logger, this.clock);
    this.#tokens = new TokenVerifier(jwt, limits, this.clock, {
      onUnavailable: (cause) =>
        unavailable.warn(
          `The keys of JWT_JWKS_URL cannot be fetched: ${describeReason(cause)}. Requests with tokens get a 503.`,
        ),
      onRefused: (reason) => refused.warn(`A token was refused: ${reason}`),
    });
  }

  async #authenticate(request: IncomingMessage): Promise<Caller> {
    const credential = readCredential(request.headers);
    if (credential === undefined) {
      throw new UnauthorizedError(
        "You didn't provide an API key. Send it in an Authorization header: Authorization: Bearer YOUR_KEY.",
        false,
      );
    }
    const known = this.#ring.find(credential);
    if (known === undefined) {
      if (this.#tokens !== undefined && isToken(credential)) return this.#tokens.verify(credential);
      throw new UnauthorizedError('Incorrect API key provided.', true);
    }
    const refusal = this.#findRefusal(known);
    if (refusal !== undefined) throw new UnauthorizedError(refusal, true);
    return known.caller;
  }

  /** Why a known key is not valid now; undefined: it is. */
  #findRefusal({ isDisabled, expiresAt }: KnownKey): string | undefined {
    if (isDisabled) return 'This API key is disabled.';
    return expiresAt !== undefined && this.clock.now() >= expiresAt ? 'This API key has expired.' : undefined;
  }

  /** @throws KeyFileError if a key has the name of another one */
  async #take(entries: readonly KeyEntry[]): Promise<void> {
    const { keys, limits } = this.config.access;
    this.#ring = await KeyRing.withEntries(keys, entries, limits);
  }
}

/** The code of the innermost cause: `fetch` itself says only that it failed, and addresses can hold credentials. */
function describeReason(error: unknown): string {
  const { cause, message } = ensureError(error);
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return message;
}
