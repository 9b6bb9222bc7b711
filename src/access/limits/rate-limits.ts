import { Injectable } from '@nestjs/common';
import { AppConfig, type LimitsConfig } from '../../config/index.js';
import { type LimitedBy, RateLimitedError } from '../../errors/index.js';
import { Clock } from '../../kernel/index.js';
import type { Caller } from '../caller.js';
import { formatDuration } from './format-duration.js';
import type { Window } from './window.js';
import { Windows } from './windows.js';

/** Where headers of an answer are put. */
export interface HeaderTarget {
  setHeader(name: string, value: string): unknown;
}

/** Where one request was counted. */
export interface CountedRequest {
  readonly name: string;
  /** When that window ends, by the monotonic clock. */
  readonly endsAt: number;
}

/** Somebody whose requests are counted: one caller, or all together. */
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

const LIMIT_OF = { requests: 'requestsPerMinute', tokens: 'tokensPerMinute' } as const;

/**
 * Limits requests and tokens per minute, of each caller and of all together. Tokens are counted when a run ends, since nobody
 * knows before what it will use: a request is refused once the window is full, and the one that fills it may overrun it.
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

  /** Whether any limit holds for this caller. */
  holdFor({ limits }: Caller): boolean {
    return isAny(limits) || isAny(this.#total.limits);
  }

  /** Whether any limit of tokens holds for this caller. */
  holdForTokens({ limits }: Caller): boolean {
    return limits.tokensPerMinute > 0 || this.#total.limits.tokensPerMinute > 0;
  }

  /**
   * Counts one request, and says in `x-ratelimit-*` headers what is left: of the caller's limit or of that of all together,
   * whichever has less left.
   * @returns where it was counted, for {@link takeBack}
   * @throws RateLimitedError if a limit is reached
   */
  async take(caller: Caller, answer: HeaderTarget): Promise<readonly CountedRequest[]> {
    const tokens = await this.#look('tokens', caller);
    writeLimitHeaders(answer, 'tokens', tokens);
    const spent = tokens.find(({ window, limit }) => window.count >= limit);
    if (spent !== undefined) {
      writeLimitHeaders(answer, 'requests', await this.#look('requests', caller));
      throw makeRateLimitError('tokens', spent);
    }
    const requests: Standing[] = [];
    const counted: CountedRequest[] = [];
    for (const account of this.#listParties(caller, 'requests')) {
      const standing = { ...account, window: await this.windows.add(account.name, 1) };
      requests.push(standing);
      counted.push({ name: account.name, endsAt: this.clock.monotonic() + standing.window.resetMs });
      // A request that the caller's own limit refuses does not count for all.
      if (standing.window.count > standing.limit) break;
    }
    writeLimitHeaders(answer, 'requests', requests);
    const excess = requests.find(({ window, limit }) => window.count > limit);
    if (excess !== undefined) throw makeRateLimitError('requests', excess);
    return counted;
  }

  /** Takes back what {@link take} has counted, as far as the minute in which it was counted goes on. */
  async takeBack(counted: readonly CountedRequest[]): Promise<void> {
    await Promise.all(
      counted.map(async ({ name, endsAt }) => {
        // The next window counts others.
        if (this.clock.monotonic() >= endsAt) return;
        const { count } = await this.windows.get(name);
        if (count > 0) await this.windows.add(name, -1);
      }),
    );
  }

  /** Counts the tokens that a run has used. */
  async charge(caller: Caller, tokens: number): Promise<void> {
    await Promise.all(this.#listParties(caller, 'tokens').map(({ name }) => this.windows.add(name, tokens)));
  }

  #look(what: LimitedBy, caller: Caller): Promise<readonly Standing[]> {
    return Promise.all(
      this.#listParties(caller, what).map(async (account) => ({
        ...account,
        window: await this.windows.get(account.name),
      })),
    );
  }

  /** The windows in which something of this caller's is counted. */
  #listParties(
    { id, limits }: Caller,
    what: LimitedBy,
  ): readonly (Omit<Standing, 'window'> & { readonly name: string })[] {
    const own: LimitedParty = { id, limits, whose: 'of this API key' };
    return [own, this.#total]
      .map((account) => ({
        name: `${what}:${account.id}`,
        limit: account.limits[LIMIT_OF[what]],
        whose: account.whose,
      }))
      .filter(({ limit }) => limit > 0);
  }
}

function isAny({ requestsPerMinute, tokensPerMinute }: LimitsConfig): boolean {
  return requestsPerMinute > 0 || tokensPerMinute > 0;
}

function writeLimitHeaders(answer: HeaderTarget, what: LimitedBy, standings: readonly Standing[]): void {
  const [first, ...others] = standings;
  if (first === undefined) return;
  const tightest = others.reduce((least, next) => (countLeft(next) < countLeft(least) ? next : least), first);
  answer.setHeader(`x-ratelimit-limit-${what}`, String(tightest.limit));
  answer.setHeader(`x-ratelimit-remaining-${what}`, String(countLeft(tightest)));
  answer.setHeader(`x-ratelimit-reset-${what}`, formatDuration(tightest.window.resetMs));
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
