import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/checks.js';
import { ModelBench } from '../../../test/support/model-bench.js';
import { scriptStream, type Step, steps, tokens } from '../../../test/support/upstream/index.js';

// The bench allows 5 s to the first delta and 1 s of silence after it.
const FIRST = 5_000;
const IDLE = 1_000;

describe('OpenAIChatModel and time', () => {
  let bench: ModelBench;

  beforeEach(async () => {
    bench = await ModelBench.start();
  });
  afterEach(async () => {
    await bench.close();
  });

  it.each<[string, readonly Step[]]>([
    ['even its headers', [steps.stall()]],
    ['more than its headers', [steps.headers(), steps.stall()]],
    ['more than its role and comments', [steps.role(), steps.comment(), steps.stall()]],
    [
      'the end of its JSON',
      [steps.headers(200, { 'content-type': 'application/json' }), steps.raw('{'), steps.stall()],
    ],
  ])('gives an upstream that never sends %s the time for the first delta, then fails with 504', async (_, script) => {
    const here = steps.gate();
    bench.upstream.next([...script.slice(0, -1), here, steps.stall()]);
    here.open();
    const call = bench.call();
    const failure = call.toFailure();
    await here.reached;
    await bench.clock.advanceAsync(FIRST - 1);
    expect(bench.upstream.open).toBe(1);
    await bench.clock.advanceAsync(1);
    expect(await failure).toMatchObject({ status: 504, code: 'upstream_timeout', retryable: true });
    await expect(bench.upstream.requests[0]?.closed).resolves.toBe('aborted');
  });

  it('does not let heartbeats extend the time for the first delta', async () => {
    const gates = [steps.gate(), steps.gate(), steps.gate()];
    bench.upstream.next([...gates.flatMap((each) => [steps.comment(), each]), steps.stall()]);
    const failure = bench.call().toFailure();
    for (const each of gates) {
      await each.reached;
      await bench.clock.advanceAsync(FIRST / 3);
      each.open();
    }
    await bench.clock.advanceAsync(1);
    expect(await failure).toMatchObject({ code: 'upstream_timeout' });
  });

  it('fails with 504 after too long a silence in mid-stream, and keeps the text before it', async () => {
    bench.upstream.next([steps.role(), steps.text('before'), steps.stall()]);
    const call = bench.call();
    await call.pull();
    const failure = call.toFailure();
    await bench.clock.advanceAsync(IDLE - 1);
    expect(bench.upstream.open).toBe(1);
    await bench.clock.advanceAsync(1);
    expect(await failure).toMatchObject({ status: 504, code: 'upstream_timeout' });
    expect(call.text()).toBe('before');
    await expect(bench.upstream.requests[0]?.closed).resolves.toBe('aborted');
  });

  it.each([
    ['a delta', steps.text('.')],
    ['a comment', steps.comment()],
  ])('restarts the silence limit after %s, however long the output takes', async (_, sign) => {
    const gates = Array.from({ length: 8 }, () => steps.gate());
    bench.upstream.next([
      steps.role(),
      steps.text('0'),
      ...gates.flatMap((each) => [each, sign]),
      steps.finish('stop'),
      steps.done(),
    ]);
    const call = bench.call();
    await call.pull();
    const result = call.toEnd();
    for (const each of gates) {
      await each.reached;
      await bench.clock.advanceAsync(IDLE - 1);
      each.open();
    }
    await expect(result).resolves.toEqual({ finishReason: 'stop' });
  });

  it('does not count a slow reader as silence', async () => {
    bench.upstream.next(scriptStream(['a', 'b', 'c']));
    const call = bench.call();
    for (let i = 0; i < 3; i++) {
      await call.pull();
      await bench.clock.advanceAsync(100 * IDLE);
    }
    await expect(call.toEnd()).resolves.toEqual({ finishReason: 'stop' });
    expect(call.text()).toBe('abc');
  });

  it('counts the silence from the next read of a slow reader', async () => {
    bench.upstream.next([steps.role(), steps.text('a'), steps.stall()]);
    const call = bench.call();
    await call.pull();
    await bench.clock.advanceAsync(100 * IDLE);
    const failure = call.toFailure();
    await bench.clock.advanceAsync(IDLE - 1);
    expect(bench.upstream.open).toBe(1);
    await bench.clock.advanceAsync(1);
    expect(await failure).toMatchObject({ code: 'upstream_timeout' });
  });

  it('reads nothing ahead while nobody pulls', async () => {
    const size = 64 * 1024 * 1024;
    await bench.close();
    bench = await ModelBench.start({ maxCompletionLength: size });
    bench.upstream.next([steps.role(), steps.flood({ bytes: size }), steps.finish('stop'), steps.done()]);
    const call = bench.call();
    await call.pull();
    const request = await bench.upstream.request(0);
    let written = -1;
    let unchanged = 0;
    await eventually(() => {
      unchanged = written === request.bytesWritten ? unchanged + 1 : 0;
      written = request.bytesWritten;
      return unchanged === 20;
    });
    expect(written).toBeGreaterThan(0);
    // Only what fits into the socket buffers on both sides.
    expect(written).toBeLessThan(size / 4);
    await call.toEnd();
    expect(call.text()).toHaveLength(size);
  });

  it.each([
    ['falls silent', steps.stall()],
    ['breaks the connection', steps.reset()],
  ])('takes an output as complete if its upstream %s after the finish_reason', async (_, ending) => {
    bench.upstream.next([
      steps.together(steps.role(), steps.text('all'), steps.finish('stop')),
      steps.usage(tokens(1, 2)),
      ending,
    ]);
    const call = bench.call();
    const result = call.toEnd();
    await eventually(() => call.usages.length === 1);
    await bench.clock.advanceAsync(2_000);
    await expect(result).resolves.toEqual({ finishReason: 'stop' });
    await bench.clock.advanceAsync(2_000);
  });

  it('drops an upstream that does not close its response after [DONE]', async () => {
    bench.upstream.next([...scriptStream('all'), steps.stall()]);
    const call = bench.call();
    await expect(call.toEnd()).resolves.toEqual({ finishReason: 'stop' });
    expect(bench.upstream.open).toBe(1);
    await bench.clock.advanceAsync(2_000);
    await bench.assertNothingOpen();
  });
});
