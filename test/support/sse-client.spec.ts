import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { getJson, postJson } from './http-client.js';
import { ScriptedUpstream } from './scripted-upstream.js';
import { openStream } from './sse-client.js';
import { scriptStream } from './upstream/scripts.js';
import { comment, errorBody, flood, gate, hangUp, httpError, raw, reset, stall, text } from './upstream/steps.js';
import { MODEL_STREAM } from './messages.js';

describe('openStream', () => {
  let upstream: ScriptedUpstream;
  let url: string;
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    url = `${upstream.url}/chat/completions`;
  });
  afterEach(() => upstream.close());

  it('gives items as they arrive, with their times', async () => {
    const hold = gate();
    upstream.next([comment('one'), text('a'), hold, comment('two')]);
    const stream = await openStream(url, MODEL_STREAM);
    expect([stream.status, stream.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const first = await stream.until(({ kind }) => kind === 'data');
    expect(stream.items).toHaveLength(2);
    const opened = performance.now();
    hold.open();
    const second = await stream.until((item) => item.kind === 'comment' && item.text === 'two');
    expect(second.at).toBeGreaterThanOrEqual(opened);
    expect(first.at).toBeLessThan(opened);
    expect(first.at).toBeGreaterThan(stream.sentAt);
    await stream.closed;
  });

  it('gives every reader all items, also after a loop was left', async () => {
    upstream.next([comment('a'), comment('b'), comment('c')]);
    const stream = await openStream(url, MODEL_STREAM);
    const words: string[] = [];
    for await (const item of stream.events) {
      if (item.kind === 'comment' && words.push(item.text) === 2) break;
    }
    for await (const item of stream.events) if (item.kind === 'comment') words.push(item.text);
    expect(words).toEqual(['a', 'b', 'a', 'b', 'c']);
    expect(await stream.collect()).toHaveLength(3);
  });

  it.each([
    ['reset', reset()],
    ['closed', hangUp()],
  ])('tells that the connection was %s, after the items before it', async (_, ending) => {
    const hold = gate();
    upstream.next([text('a'), hold, ending]);
    const stream = await openStream(url, MODEL_STREAM);
    await stream.until(() => true);
    hold.open();
    await expect(stream.collect()).rejects.toThrow('aborted');
    await expect(stream.until((item) => item.kind === 'comment')).rejects.toThrow('aborted');
    expect(stream.items).toHaveLength(1);
  });

  it('refuses wrong framing and leaves', async () => {
    upstream.next([comment('fine'), raw('event: x\ndata: 1\n\n'), stall()]);
    const stream = await openStream(url, MODEL_STREAM);
    await expect(stream.collect()).rejects.toThrow('The name of an event is not its type');
    expect(stream.items).toHaveLength(1);
    expect(await (await upstream.request(0)).closed).toBe('aborted');
  });

  it('fails when time is over, or the wanted item never comes', async () => {
    const hold = gate();
    upstream.next([comment(), hold]);
    const stream = await openStream(url, MODEL_STREAM);
    await expect(stream.collect({ within: 10 })).rejects.toThrow(
      'Timed out after 10 ms while waiting for the end of the stream',
    );
    hold.open();
    await expect(stream.until(({ kind }) => kind === 'data')).rejects.toThrow('ended without the wanted item');
  });

  it('leaves when told to, by hand or by a signal', async () => {
    upstream.always([comment(), stall()]);
    const controller = new AbortController();
    const byHand = await openStream(url, MODEL_STREAM);
    const bySignal = await openStream(url, MODEL_STREAM, { signal: controller.signal });
    byHand.destroy();
    controller.abort();
    await Promise.all([byHand.closed, bySignal.closed]);
    expect(await Promise.all(upstream.requests.map(({ closed }) => closed))).toEqual(['aborted', 'aborted']);
  });

  it('does not read while it is paused', async () => {
    // This is more than the kernel's buffers of both sockets hold.
    const bytes = 64 * 1024 * 1024;
    upstream.next([comment(), flood({ bytes, pieceBytes: 1024 * 1024 })]);
    const stream = await openStream(url, MODEL_STREAM);
    stream.pause();
    const request = await upstream.request(0);
    let before = -1;
    await eventually(async () => {
      const stands = request.bytesWritten === before;
      before = request.bytesWritten;
      await new Promise((resolve) => setTimeout(resolve, 25));
      return stands;
    });
    expect(request.bytesWritten).toBeLessThan(bytes);
    expect(request.finished).toBe(false);
    const received = stream.items.length;
    stream.resume();
    await eventually(() => stream.items.length > received && request.bytesWritten > before);
    stream.destroy();
    expect(await request.closed).toBe('aborted');
  });

  it('sends headers, and shows a response that is no stream', async () => {
    upstream.next(httpError(429, errorBody('Slow down')));
    const opening = openStream(url, MODEL_STREAM, { headers: { 'x-test': 'yes' } });
    await expect(opening).rejects.toThrow(/got 429 application\/json: .*Slow down/);
    expect(upstream.requests[0]?.headers).toMatchObject({ 'x-test': 'yes', 'content-type': 'application/json' });
  });
});

describe('postJson and getJson', () => {
  it('give the whole response, whatever its status', async () => {
    const upstream = await ScriptedUpstream.start();
    const url = `${upstream.url}/chat/completions`;
    upstream.next(scriptStream('Hi')).next(httpError(502, '<h1>Bad gateway</h1>'));
    expect(await postJson(url, { ...MODEL_STREAM, stream: false })).toMatchObject({
      status: 200,
      json: { object: 'chat.completion' },
    });
    expect(await postJson(url, JSON.stringify(MODEL_STREAM), { 'x-test': 'yes' })).toMatchObject({
      status: 502,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      text: '<h1>Bad gateway</h1>',
      json: undefined,
    });
    expect(upstream.requests[1]?.headers['x-test']).toBe('yes');
    expect(await getJson(`${upstream.url}/models`)).toMatchObject({ status: 400, json: { error: {} } });
    await expect(upstream.close()).rejects.toThrow('GET /v1/models is not');
  });
});
