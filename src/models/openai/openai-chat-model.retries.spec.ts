import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { ModelBench } from '../../../test/support/model-bench.js';
import { scriptStream } from '../../../test/support/upstream/scripts.js';
import { errorBody, hangUp, httpError, role, text } from '../../../test/support/upstream/steps.js';

describe('OpenAIChatModel and retries', () => {
  let bench: ModelBench;
  beforeEach(async () => {
    bench = await ModelBench.start({ maxRetries: 2 });
  });
  afterEach(() => bench.close());

  it.each([
    ['an overload', httpError(503, 'busy'), 100],
    ['a broken connection', hangUp(), 100],
    ['a rate limit that is soon over', httpError(429, errorBody('slow'), { 'retry-after-ms': '700' }), 700],
    ['a rate limit in whole seconds', httpError(429, errorBody('slow'), { 'retry-after': '2' }), 2_000],
  ])('sends a request again after %s', async (_, failure, delayMs) => {
    bench.upstream.next(failure).next(scriptStream('Here I am.'));
    const call = bench.call();
    const ending = call.toEnd();
    await eventually(() => call.retries.length === 1);
    expect(call.retries).toMatchObject([{ attempt: 1, delayMs }]);
    bench.clock.advance(delayMs);
    expect(await ending).toEqual({ finishReason: 'stop' });
    expect(call.text()).toBe('Here I am.');
    expect(bench.upstream.requests).toHaveLength(2);
  });

  it('gives up after its last try, with the last failure', async () => {
    bench.upstream.always(httpError(500, 'down'));
    const call = bench.call();
    const failing = call.toFailure();
    for (const attempt of [1, 2]) {
      await eventually(() => call.retries.length === attempt);
      bench.clock.advance(attempt * 100);
    }
    expect(await failing).toMatchObject({ status: 502 });
    expect(bench.upstream.requests).toHaveLength(3);
  });

  it.each([
    ['a fault of the request', httpError(400, errorBody('bad'))],
    ['a bad key', httpError(401, errorBody('bad'))],
    ['a long rate limit', httpError(429, errorBody('slow'), { 'retry-after': '30' })],
    ['a quota that is used up', httpError(429, { error: { message: 'm', type: 'x', code: 'insufficient_quota' } })],
    ['an upstream that says no', httpError(500, 'down', { 'x-should-retry': 'false' })],
    ['a completion that has begun', [role(), text('So'), hangUp()]],
  ])('does not send it again after %s', async (_, failure) => {
    bench.upstream.next(failure);
    const call = bench.call();
    await call.toFailure();
    expect(call.retries).toEqual([]);
    expect(bench.upstream.requests).toHaveLength(1);
  });

  it('stops waiting when it is aborted', async () => {
    bench.upstream.next(httpError(503, 'busy'));
    const call = bench.call();
    const failing = call.toFailure();
    await eventually(() => call.retries.length === 1);
    call.abort(new Error('gone'));
    expect(await failing).toMatchObject({ message: 'gone' });
    await bench.assertNothingOpen();
    expect(bench.upstream.requests).toHaveLength(1);
  });
});
