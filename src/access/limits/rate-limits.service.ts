import { Injectable } from '@nestjs/common';
import { AppConfig, type LimitsConfig } from '../../config/index.js';
import { type LimitedBy, RateLimitedError } from '../../errors/index.js';
import { Clock } from '../../kernel/index.js';
import type { Caller } from '../caller.js';
import { formatDuration } from './format-duration.js';
import type { Window } from './window.js';
import { Windows } from './windows.service.js';

/** Takes the headers of a response. */
export interface HeaderTarget {
  setHeader(name: string, value: string): unknown;
}

/** Where one request was counted. */
export interface CountedRequest {
  readonly name: string;
  /** When the window ends, by the monotonic clock. */
  readonly endsAt: number;
}

/** The caller whose requests are counted, or all callers together. */
interface LimitedParty {
  readonly id: string;
  readonly limits: LimitsConfig;
  /** For messages. */
  readonly whose: string;
}

interface Standing {
  readonly limit: number;
  readonly window: Window;
  readonly whose: string;
}

const LIMIT_NAMES = { requests: 'requestsPerMinute', tokens: 'tokensPerMinute' } as const;

/**
 * Limits requests and tokens per minute, of each caller and of all together. Tokens are counted when a run ends, since
 * their number is unknown before. So a request is refused once the window is full, but the one that fills it may exceed
 * the limit.
 */
@Injectable()
export class RateLimits {
  readonly #total: LimitedParty;

  constructor(
    config: AppConfig,
    private readonly windows: Windows,
    private readonly clock: Clock,
  ) {
    this.#total = { id: 'total', limits: config.access.totalLimits, whose: 'of all keys together' };
  }

  /** Whether this caller has any limit. */
  limitsCaller({ limits }: Caller): boolean {
    return isAny(limits) || isAny(this.#total.limits);
  }

  /** Whether this caller has a limit of tokens. */
  limitsTokens({ limits }: Caller): boolean {
    return limits.tokensPerMinute > 0 || this.#total.limits.tokensPerMinute > 0;
  }

  /**
   * Counts one request, and says in `x-ratelimit-*` headers what is left: of the caller's limit or of the common one, whichever
   * has less left.
   * @returns where it was counted, for {@link takeBack}
   * @throws RateLimitedError if a limit is reached
   */
  async take(caller: Caller, response: HeaderTarget): Promise<readonly CountedRequest[]> {
    const tokens = await this.#look('tokens', caller);
    writeLimitHeaders(response, 'tokens', tokens);
    const spent = tokens.find(({ window, limit }) => window.count >= limit);
    if (spent !== undefined) {
      writeLimitHeaders(response, 'requests', await this.#look('requests', caller));
      throw makeRateLimitError('tokens', spent);
    }
    const requests: Standing[] = [];
    const counted: CountedRequest[] = [];
    for (const party of this.#listParties(caller, 'requests')) {
      const standing = { ...party, window: await this.windows.add(party.name, 1) };
      requests.push(standing);
      counted.push({ name: party.name, endsAt: this.clock.monotonic() + standing.window.resetMs });
      // A request that is refused by the caller's own limit does not count for the common one.
      if (standing.window.count > standing.limit) break;
    }
    writeLimitHeaders(response, 'requests', requests);
    const excess = requests.find(({ window, limit }) => window.count > limit);
    if (excess !== undefined) throw makeRateLimitError('requests', excess);
    return counted;
  }

  /** Takes back what {@link take} has counted, unless the minute in which it was counted is over. */
  async takeBack(counted: readonly CountedRequest[]): Promise<void> {
    await Promise.all(
      counted.map(async ({ name, endsAt }) => {
        // The window is over, and the next one has not counted this request.
        if (this.clock.monotonic() >= endsAt) return;
        const { count } = await this.windows.get(name);
        if (count > 0) await this.windows.add(name, -1);
      }),
    );
  }

  /** Counts the tokens of a run. */
  async charge(caller: Caller, tokens: number): Promise<void> {
    await Promise.all(this.#listParties(caller, 'tokens').map(({ name }) => this.windows.add(name, tokens)));
  }

  #look(what: LimitedBy, caller: Caller): Promise<readonly Standing[]> {
    return Promise.all(
      this.#listParties(caller, what).map(async (party) => ({
        ...party,
        window: await this.windows.get(party.name),
      })),
    );
  }

  /** The windows that count for this caller. */
  #listParties(
    { id, limits }: Caller,
    what: LimitedBy,
  ): readonly (Omit<Standing, 'window'> & { readonly name: string })[] {
    const own: LimitedParty = { id, limits, whose: 'of this API key' };
    return [own, this.#total]
      .map((party) => ({
        name: `${what}:${party.id}`,
        limit: party.limits[LIMIT_NAMES[what]],
        whose: party.whose,
      }))
      .filter(({ limit }) => limit > 0);
  }
}

function isAny({ requestsPerMinute, tokensPerMinute }: LimitsConfig): boolean {
  return requestsPerMinute > 0 || tokensPerMinute > 0;
}

function writeLimitHeaders(response: HeaderTarget, what: LimitedBy, standings: readonly Standing[]): void {
  const [first, ...others] = standings;
  if (first === undefined) return;
  const tightest = others.reduce((least, next) => (countLeft(next) < countLeft(least) ? next : least), first);
  response.setHeader(`x-ratelimit-limit-${what}`, String(tightest.limit));
  response.setHeader(`x-ratelimit-remaining-${what}`, String(countLeft(tightest)));
  response.setHeader(`x-ratelimit-reset-${what}`, formatDuration(tightest.window.resetMs));
}

function countLeft({ limit, window }: Standing): number {
  return Math.max(0, limit - window.count);
}

function makeRateLimitError(what: LimitedBy, { limit, window, whose }: Standing): RateLimitedError {
  return new RateLimitedError(
    `Rate limit reached for ${what} per minute ${whose}: limit ${limit}. Try again in ${formatDuration(window.resetMs)}.`,
    what,
    window.resetMs,
  );
}
