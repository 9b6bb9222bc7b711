import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { eventually, readContent } from './checks.js';
import { openStream, postJson } from './client.js';
import { readPieces } from './read-pieces.js';
import { errorBody, httpError, ScriptedUpstream, scriptStream, steps } from './upstream/index.js';
import { MODEL_STREAM } from './messages.js';

/** The raw reads of a response, and its end: the code of an error, or undefined for a plain close. */
async function readSocket(url: string): Promise<{ reads: string[]; code: string | undefined }> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const reads: string[] = [];
  socket.on('data', (bytes) => reads.push(bytes.toString('latin1')));
  let code: string | undefined;
  socket.once('error', (error: NodeJS.ErrnoException) => (code = error.code));
  const payload = JSON.stringify(MODEL_STREAM);
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: ${payload.length}\r\n\r\n${payload}`);
  await new Promise((resolve) => socket.once('close', resolve));
  return { reads, code };
}

const utf8 = (latin1: readonly string[]): string => Buffer.from(latin1.join(''), 'latin1').toString();

describe('ScriptedUpstream', () => {
  let upstream: ScriptedUpstream;
  let url: string;
  beforeEach(async () => {
    upstream = await ScriptedUpstream.start();
    url = `${upstream.url}/chat/completions`;
  });
  afterEach(() => upstream.close().catch(() => undefined));

  describe('bytes', () => {
    it('are one event per read', async () => {
      upstream.next(scriptStream('a b c'));
      expect(await readPieces(url, MODEL_STREAM)).toHaveLength(6);
    });

    it('are several events per read where a script says so', async () => {
      upstream.next([steps.together(steps.text('a'), steps.text('b')), steps.together(steps.text('c'), steps.done())]);
      const pieces = await readPieces(url, MODEL_STREAM);
      expect(pieces.map((piece) => piece.split('\n\n').length - 1)).toEqual([2, 2]);
    });

    it.each([1, 3, 7])('arrive apart when cut every %d, inside characters and escapes', async (size) => {
      upstream.next([
        steps.cutEvery(size),
        steps.text('ü€🐈\u0001'),
        steps.style({ cutEvery: 0, asciiJson: true }),
        steps.text('ü\ud83d'),
      ]);
      const pieces = await readPieces(url, MODEL_STREAM);
      const cut = pieces.slice(0, -1);
      expect(new Set(cut.slice(0, -1).map((piece) => piece.length))).toEqual(new Set([size]));
      // The cat is the only character with a byte above EF. This checks that its four bytes arrived separately.
      expect(size < 4 ? cut.filter((piece) => /\u00f0.{3}/s.test(piece)) : []).toEqual([]);
      expect(utf8(cut)).toContain(String.raw`"ü€🐈\u0001"`);
      expect(pieces.at(-1)).toContain(String.raw`"\u00fc\ud83d"`);
    });

    it('reach a socket one cut at a time', async () => {
      upstream.next([steps.cutEvery(5), steps.text('ü€🐈'), steps.hangUp()]);
      const { reads } = await readSocket(url);
      expect(reads.shift()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
      expect(reads.length).toBeGreaterThan(20);
      expect(reads.slice(0, -1).filter((read) => !/^5\r\n[^]{5}\r\n$/.test(read))).toEqual([]);
    });

    it('have the line ends and spaces of the style in force', async () => {
      upstream.next([
        steps.style({ lineEnd: '\r\n', dataSpace: false }),
        steps.done(),
        steps.comment('x'),
        steps.style({ lineEnd: '\r' }),
        steps.done(),
        steps.raw('as it is'),
      ]);
      expect(await readPieces(url, MODEL_STREAM)).toEqual([
        'data:[DONE]\r\n\r\n',
        ': x\r\n\r\n',
        'data:[DONE]\r\r',
        'as it is',
      ]);
    });

    it('can name another model than was asked for', async () => {
      upstream.next([steps.style({ envelope: { model: 'm-2026', service_tier: 'flex' } }), steps.text('a')]);
      expect((await readPieces(url, MODEL_STREAM))[0]).toMatch(
        /"model":"m-2026","object":"[^"]*","service_tier":"flex"/,
      );
    });
  });

  describe('time and connection', () => {
    it('waits at a gate, which tells that it was reached', async () => {
      const hold = steps.gate();
      upstream.always(scriptStream(['a', hold, 'b']));
      const streams = await Promise.all([openStream(url, MODEL_STREAM), openStream(url, MODEL_STREAM)]);
      await hold.reached;
      await eventually(() => hold.arrivals === 2);
      await eventually(() => streams.every(({ items }) => items.length === 2));
      expect(upstream.open).toBe(2);
      hold.open();
      for (const stream of streams) expect(readContent(await stream.collect())).toBe('ab');
      await eventually(() => upstream.open === 0);
      expect(upstream.mostOpen).toBe(2);
      expect(upstream.requests.map(({ ending }) => ending)).toEqual(['finished', 'finished']);
    });

    it('sends the head with the first bytes, or when a script says so', async () => {
      const hold = steps.gate();
      upstream.next([hold, steps.text('a')]).next([steps.headers(200, { 'x-request-id': 'r' }), hold, steps.text('a')]);
      let late = false;
      const withoutStep = openStream(url, MODEL_STREAM).then((stream) => {
        late = true;
        return stream.collect();
      });
      await hold.reached;
      const early = await openStream(url, MODEL_STREAM);
      expect(early.headers['x-request-id']).toBe('r');
      expect([late, early.items]).toEqual([false, []]);
      hold.open();
      await Promise.all([withoutStep, early.collect()]);
    });

    it('delays, and waits for promises', async () => {
      upstream.next([steps.delay(20), steps.text('a'), steps.wait(Promise.resolve()), steps.text('b')]);
      const stream = await openStream(url, MODEL_STREAM);
      const [first] = await stream.collect();
      // Timers may fire up to a millisecond early.
      expect((first?.at ?? 0) - stream.sentAt).toBeGreaterThanOrEqual(19);
    });

    it('answers with errors of any form, before and in a stream', async () => {
      upstream
        .next(httpError(429, errorBody('Slow', { code: 'rate_limit_exceeded' }), { 'retry-after': '2' }))
        .next([steps.delay(5), httpError(502, '<html>', { 'content-type': 'text/plain' })])
        .next([steps.text('a'), steps.chunk(errorBody('Broken'))]);
      expect(await postJson(url, MODEL_STREAM)).toMatchObject({
        status: 429,
        headers: { 'retry-after': '2', 'content-type': 'application/json' },
        json: { error: { message: 'Slow', type: 'server_error', param: null, code: 'rate_limit_exceeded' } },
      });
      expect(await postJson(url, MODEL_STREAM)).toMatchObject({ status: 502, text: '<html>' });
      expect((await readPieces(url, MODEL_STREAM))[1]).toBe(`data: ${JSON.stringify(errorBody('Broken'))}\n\n`);
    });

    it('stalls until the client leaves', async () => {
      upstream.always([steps.text('a'), steps.stall()]);
      const stream = await openStream(url, MODEL_STREAM);
      const request = await upstream.request(0);
      await stream.until(() => true);
      expect([request.ending, request.aborted, upstream.open]).toEqual([undefined, false, 1]);
      stream.destroy();
      expect(await request.closed).toBe('aborted');
      expect([request.aborted, request.finished]).toEqual([true, false]);
      await eventually(() => upstream.open === 0);
      upstream.assertClean();
    });

    it('resets before and after the head', async () => {
      upstream.always(({ index }) => (index === 0 ? steps.reset() : [steps.text('a'), steps.reset()]));
      await expect(postJson(url, MODEL_STREAM)).rejects.toMatchObject({ code: 'ECONNRESET' });
      await expect(postJson(url, MODEL_STREAM)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await Promise.all(upstream.requests.map(({ closed }) => closed))).toEqual(['cut', 'cut']);
    });

    it('resets with a TCP reset, and hangs up without', async () => {
      upstream.next([steps.text('a'), steps.reset()]).next([steps.text('a'), steps.hangUp()]);
      expect((await readSocket(url)).code).toBe('ECONNRESET');
      expect((await readSocket(url)).code).toBeUndefined();
    });

    it('counts the bytes of a flood', async () => {
      upstream.next([steps.flood({ bytes: 40_000 }), steps.done()]);
      const items = await (await openStream(url, MODEL_STREAM)).collect();
      expect(readContent(items)).toHaveLength(40_000);
      expect(items).toHaveLength(4);
      expect(upstream.requests[0]?.bytesWritten).toBeGreaterThan(40_000);
    });

    it('answers many at once, each by its own request', async () => {
      upstream.always(({ body, index }) => scriptStream(`${body.model} ${index}`));
      const models = Array.from({ length: 100 }, (_, i) => `m${i}`);
      const texts = await Promise.all(
        models.map(async (model) => readContent(await (await openStream(url, { ...MODEL_STREAM, model })).collect())),
      );
      expect(texts.map((text) => text.split(' ')[0])).toEqual(models);
      expect(new Set(texts.map((text) => text.split(' ')[1])).size).toBe(100);
    });
  });
});
