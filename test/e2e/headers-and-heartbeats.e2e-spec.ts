import { afterEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { assertCompletion, assertErrorEnded } from '../support/chunks.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { done, finish, gate, httpError, role, text } from '../support/upstream/steps.js';

describe('headers and heartbeats', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  it('names an event stream that no proxy may keep back', async () => {
    bench = await Bench.start();
    bench.upstream.next(scriptStream('Hi'));
    const stream = await bench.open();
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(stream.headers['x-request-id']).toMatch(/^req_[0-9a-f]{24}$/);
    expect(stream.headers).not.toHaveProperty('content-length');
    expect(stream.headers).not.toHaveProperty('x-powered-by');
    await stream.collect();
  });

  it('keeps the request id of a gateway, but no id that could do harm', async () => {
    bench = await Bench.start();
    for (const [given, kept] of [
      ['gw-4711.a:b', true],
      ['x'.repeat(300), false],
      ['<script>', false],
    ] as const) {
      const response = await fetch(`${bench.app.url}/health/live`, { headers: { 'x-request-id': given } });
      expect(response.headers.get('x-request-id') === given).toBe(kept);
    }
  });

  it('shows life before the first token and in every silence', async () => {
    bench = await Bench.start({ env: { STREAM_HEARTBEAT_MS: '40', STREAM_OPEN_GRACE_MS: '30' } });
    const first = gate();
    const second = gate();
    bench.upstream.next([role(), first, text('Hi'), second, text('!'), finish('stop'), done()]);
    const stream = await bench.open();
    const beats = (): number => stream.items.filter(({ kind }) => kind === 'comment').length;
    await stream.until(() => beats() >= 3);
    expect(stream.items.every(({ kind }) => kind === 'comment')).toBe(true);
    first.open();
    await stream.until((item) => item.kind === 'data' && item.data.includes('Hi'));
    const before = beats();
    await stream.until(() => beats() >= before + 2);
    second.open();
    assertCompletion(await stream.collect(), { content: 'Hi!' });
  });

  it('holds the status line for an early failure, but no longer than the grace time', async () => {
    bench = await Bench.start({ env: { STREAM_OPEN_GRACE_MS: '60' } });
    const late = gate();
    bench.upstream.next([late, httpError(500, 'down')]);
    const stream = await bench.open();
    expect(stream.status).toBe(200);
    late.open();
    assertErrorEnded(await stream.collect());
  });
});
