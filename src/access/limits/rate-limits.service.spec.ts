import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { catchRejection } from '../../../test/support/rejection.js';
import { type LimitsConfig, readConfig } from '../../config/index.js';
import { RateLimitedError } from '../../errors/index.js';
import { Caller } from '../caller.js';
import { RateLimits } from './rate-limits.service.js';
import { Windows } from './windows.service.js';

const NONE: LimitsConfig = { requestsPerMinute: 0, tokensPerMinute: 0, concurrentStreams: 0 };

let clock: FakeClock;

/** Counts in this process, as without Redis. */
function makeLimits(env: Readonly<Record<string, string>>): RateLimits {
  const store = { works: false, send: () => Promise.resolve({ state: 'refused' as const }) };
  return new RateLimits(readConfig(env, []), new Windows(clock, store), clock);
}

const caller = (id: string, limits: Partial<LimitsConfig>): Caller =>
  new Caller({ id, limits: { ...NONE, ...limits } });

describe('RateLimits', () => {
  beforeEach(() => {
    clock = new FakeClock();
  });

  const takeHeaders = async (limits: RateLimits, by: Caller): Promise<Record<string, string>> => {
    const headers: Record<string, string> = {};
    await limits.take(by, { setHeader: (name, value) => (headers[name] = value) });
    return headers;
  };

  it('refuses requests above the limit until the minute is over', async () => {
    const limits = makeLimits({});
    const ann = caller('ann', { requestsPerMinute: 2 });
    expect(await takeHeaders(limits, ann)).toEqual({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': '1m0s',
    });
    clock.advance(10_500);
    expect(await takeHeaders(limits, ann)).toMatchObject({
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '49.5s',
    });
    const error = await catchRejection(takeHeaders(limits, ann));
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toMatchObject({ type: 'requests', code: 'rate_limit_exceeded', retryAfterMs: 49_500 });
    // Each caller has a window of its own.
    await takeHeaders(limits, caller('bob', { requestsPerMinute: 2 }));
    clock.advance(49_500);
    expect(await takeHeaders(limits, ann)).toMatchObject({ 'x-ratelimit-remaining-requests': '1' });
  });

  it('refuses requests once the tokens are used up, but lets the request that uses them up finish', async () => {
    const limits = makeLimits({});
    const ann = caller('ann', { tokensPerMinute: 100 });
    await limits.charge(ann, 99);
    expect(await takeHeaders(limits, ann)).toMatchObject({ 'x-ratelimit-remaining-tokens': '1' });
    await limits.charge(ann, 500);
    const error = await catchRejection(takeHeaders(limits, ann));
    expect(error).toMatchObject({ type: 'tokens', retryAfterMs: 60_000 });
    clock.advance(60_000);
    expect(await takeHeaders(limits, ann)).toEqual({
      'x-ratelimit-limit-tokens': '100',
      'x-ratelimit-remaining-tokens': '100',
      'x-ratelimit-reset-tokens': '0ms',
    });
  });

  it('takes a request back only in the minute in which it was counted', async () => {
    const limits = makeLimits({ TOTAL_REQUESTS_PER_MINUTE: '5' });
    const ann = caller('ann', { requestsPerMinute: 2 });
    const target = { setHeader: () => undefined };
    await limits.takeBack(await limits.take(ann, target));
    expect(await takeHeaders(limits, ann)).toMatchObject({ 'x-ratelimit-remaining-requests': '1' });
    const counted = await limits.take(ann, target);
    clock.advance(60_000);
    await takeHeaders(limits, ann);
    await limits.takeBack(counted);
    expect(await takeHeaders(limits, ann)).toMatchObject({ 'x-ratelimit-remaining-requests': '0' });
  });

  it('limits all callers together as well as each one, and shows the tighter limit in the headers', async () => {
    const limits = makeLimits({ TOTAL_REQUESTS_PER_MINUTE: '3' });
    const ann = caller('ann', { requestsPerMinute: 2 });
    const bob = caller('bob', {});
    expect(await takeHeaders(limits, ann)).toMatchObject({ 'x-ratelimit-limit-requests': '2' });
    await takeHeaders(limits, bob);
    await takeHeaders(limits, bob);
    const error = await catchRejection(takeHeaders(limits, ann));
    expect(error).toMatchObject({ type: 'requests', message: expect.stringContaining('of all keys together') });
  });

  it('does not count a request for all callers if the limit of its key refuses it', async () => {
    const limits = makeLimits({ TOTAL_REQUESTS_PER_MINUTE: '3' });
    const ann = caller('ann', { requestsPerMinute: 1 });
    await takeHeaders(limits, ann);
    for (let i = 0; i < 5; i++) await catchRejection(takeHeaders(limits, ann));
    expect(await takeHeaders(limits, caller('bob', {}))).toMatchObject({ 'x-ratelimit-remaining-requests': '1' });
  });
});
