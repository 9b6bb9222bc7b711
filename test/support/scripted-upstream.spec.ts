import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import OpenAI from 'openai';
import { assertCompletion, readContent } from './chunks.js';
import { eventually } from './eventually.js';
import { postJson, send } from './http-client.js';
import { ScriptedUpstream } from './scripted-upstream.js';
import { openStream } from './sse-client.js';
import { scriptCompletion, scriptStream, type StreamOptions, tokens } from './upstream/scripts.js';
import {
  chunk,
  comment,
  cutEvery,
  delay,
  done,
  end,
  errorBody,
  finish,
  flood,
  gate,
  hangUp,
  headers,
  httpError,
  raw,
  reasoning,
  refusal,
  reset,
  role,
  stall,
  style,
  text,
  together,
  toolCall,
  usage,
  wait,
} from './upstream/steps.js';
import { assertValidCompletion } from './wire-schema.js';

const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] };
const withUsage = { ...body, stream_options: { include_usage: true } };
const whole = { ...body, stream: false };

/** The body of an answer as the pieces in which it was read, one character per byte. */
async function read(url: string, request: unknown): Promise<string[]> {
  const response = await send('POST', url, request).answer;
  const pieces: string[] = [];
  response.on('data', (piece: Buffer) => pieces.push(piece.toString('latin1')));
  await once(response, 'end');
  return pieces;
}

/** What a bare socket reads of an answer, and how it ends: with the code of an error, or undefined for a plain close. */
async function readSocket(url: string): Promise<{ reads: string[]; code: string | undefined }> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const reads: string[] = [];
  socket.on('data', (bytes) => reads.push(bytes.toString('latin1')));
  let code: string | undefined;
  socket.once('error', (error: NodeJS.ErrnoException) => (code = error.code));
  const payload = JSON.stringify(body);
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

  describe('scripts', () => {
    it('answers as a real client expects', async () => {
      upstream.always(scriptStream('Grüße aus Köln 🐈', { pieces: 5, usage: tokens(7, 5) }));
      const client = new OpenAI({ baseURL: upstream.url, apiKey: 'k' });
      const params = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };
      const final = await client.chat.completions
        .stream({ ...params, stream_options: { include_usage: true } })
        .finalChatCompletion();
      expect(final.choices[0]).toMatchObject({ message: { content: 'Grüße aus Köln 🐈' }, finish_reason: 'stop' });
      expect(final.usage).toEqual(tokens(7, 5));
      const completion = await client.chat.completions.create(params);
      expect(completion.choices[0]?.message.content).toBe('Grüße aus Köln 🐈');
      expect(upstream.requests[1]).toMatchObject({
        index: 1,
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { authorization: 'Bearer k' },
        body: { model: 'm', messages: params.messages },
      });
    });

    it('streams what obeys every rule of a completion', async () => {
      upstream.always(scriptStream('one two three'));
      assertCompletion(await (await openStream(url, body)).collect(), { content: 'one two three', finish: 'stop' });
      const chunks = assertCompletion(await (await openStream(url, withUsage)).collect(), {
        includeUsage: true,
        usage: tokens(10, 3),
      });
      expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual([
        '',
        'one',
        ' two',
        ' three',
        undefined,
        undefined,
      ]);
    });

    it('sends every kind of delta', async () => {
      upstream.always([
        role(null),
        reasoning('a'),
        reasoning('b', 'reasoning'),
        text('c', { logprobs: { content: [], refusal: null } }),
        refusal('d'),
        toolCall({ index: 0, id: 'call_1', name: 'f', arguments: '' }),
        toolCall({ index: 0, arguments: '{}' }),
        finish('tool_calls'),
        chunk({ any: 'thing' }),
        done(),
        comment('x'),
        end(),
      ]);
      const frames = (await read(url, body)).map((frame) => frame.trim());
      const choices = frames.slice(0, 8).map((frame) => JSON.parse(frame.slice(6)).choices[0]);
      expect(choices.map(({ delta }) => delta)).toEqual([
        { role: 'assistant', content: null, refusal: null },
        { reasoning_content: 'a' },
        { reasoning: 'b' },
        { content: 'c' },
        { refusal: 'd' },
        { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] },
        { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
        {},
      ]);
      expect(choices.map((choice) => choice.finish_reason)).toEqual([...Array<null>(7).fill(null), 'tool_calls']);
      expect(choices[3].logprobs).toEqual({ content: [], refusal: null });
      expect(frames.slice(8)).toEqual(['data: {"any":"thing"}', 'data: [DONE]', ': x']);
    });

    it('answers a request without stream with the same script as one completion', async () => {
      upstream.next([
        role(),
        reasoning('why', 'reasoning'),
        text('Hel'),
        text('lo'),
        toolCall({ index: 0, id: 'call_1', name: 'f', arguments: '{"a"' }),
        toolCall({ index: 0, arguments: ':1}' }),
        finish('tool_calls'),
        usage(tokens(1, 2)),
        done(),
      ]);
      const { json, headers } = await postJson(url, whole);
      assertValidCompletion(json);
      expect(headers['content-type']).toBe('application/json');
      expect(json.choices[0]).toMatchObject({
        message: {
          content: 'Hello',
          reasoning: 'why',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
        },
        finish_reason: 'tool_calls',
      });
      expect(json.usage).toEqual(tokens(1, 2));
    });

    it('streams structured answers in small pieces', async () => {
      const value = { reply: 'Ja, "gut" 👍', items: [1, 2] };
      upstream.next(scriptCompletion(value));
      const items = await (await openStream(url, body)).collect();
      expect(JSON.parse(readContent(items))).toEqual(value);
      expect(items.length).toBeGreaterThan(8);
    });

    it.each<[NonNullable<StreamOptions['usagePlace']>, unknown[], unknown[]]>([
      ['extra-chunk', ['-', '-', '-', '-'], [null, null, null, null, tokens(10, 2)]],
      ['finish-chunk', ['-', '-', '-', tokens(10, 2)], [null, null, null, tokens(10, 2)]],
      [
        'every-chunk',
        ['-', tokens(10, 1), tokens(10, 2), tokens(10, 2), tokens(10, 2)],
        [null, tokens(10, 1), tokens(10, 2), tokens(10, 2), tokens(10, 2)],
      ],
      ['never', ['-', '-', '-', '-'], [null, null, null, null]],
    ])('tells usage as servers do: %s', async (usagePlace, unasked, asked) => {
      upstream.always(scriptStream(['a', 'b'], { usagePlace }));
      const usages = async (request: unknown): Promise<unknown[]> => {
        const frames = await read(url, request);
        const chunks = frames.filter((frame) => !frame.includes('[DONE]')).map((frame) => JSON.parse(frame.slice(6)));
        return chunks.map((json) => ('usage' in json ? json.usage : '-'));
      };
      expect(await usages(body)).toEqual(unasked);
      expect(await usages(withUsage)).toEqual(asked);
    });

    it('can leave out [DONE], the finish reason, and keys that hold null', async () => {
      upstream
        .next(scriptStream('a', { done: false }))
        .next(scriptStream('a', { finish: null }))
        .next([style({ nullKeys: false }), text('a')]);
      expect((await read(url, body)).join('')).not.toContain('[DONE]');
      expect((await read(url, body)).join('')).not.toMatch(/"finish_reason":"/);
      expect((await read(url, withUsage)).join('')).not.toContain('null');
    });
  });

  describe('bytes', () => {
    it('are one event per read', async () => {
      upstream.next(scriptStream('a b c'));
      expect(await read(url, body)).toHaveLength(6);
    });

    it('are several events per read where a script says so', async () => {
      upstream.next([together(text('a'), text('b')), together(text('c'), done())]);
      const pieces = await read(url, body);
      expect(pieces.map((piece) => piece.split('\n\n').length - 1)).toEqual([2, 2]);
    });

    it.each([1, 3, 7])('arrive apart when cut every %d, inside characters and escapes', async (size) => {
      upstream.next([cutEvery(size), text('ü€🐈\u0001'), style({ cutEvery: 0, asciiJson: true }), text('ü\ud83d')]);
      const pieces = await read(url, body);
      const cut = pieces.slice(0, -1);
      expect(new Set(cut.slice(0, -1).map((piece) => piece.length))).toEqual(new Set([size]));
      // The cat is the only character with a byte above EF; whether its four bytes came apart is what this is about.
      expect(size < 4 ? cut.filter((piece) => /\u00f0.{3}/s.test(piece)) : []).toEqual([]);
      expect(utf8(cut)).toContain(String.raw`"ü€🐈\u0001"`);
      expect(pieces.at(-1)).toContain(String.raw`"\u00fc\ud83d"`);
    });

    it('reach a socket one cut at a time', async () => {
      upstream.next([cutEvery(5), text('ü€🐈'), hangUp()]);
      const { reads } = await readSocket(url);
      expect(reads.shift()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
      expect(reads.length).toBeGreaterThan(20);
      expect(reads.slice(0, -1).filter((read) => !/^5\r\n[^]{5}\r\n$/.test(read))).toEqual([]);
    });

    it('have the line ends and spaces of the style in force', async () => {
      upstream.next([
        style({ lineEnd: '\r\n', dataSpace: false }),
        done(),
        comment('x'),
        style({ lineEnd: '\r' }),
        done(),
        raw('as it is'),
      ]);
      expect(await read(url, body)).toEqual(['data:[DONE]\r\n\r\n', ': x\r\n\r\n', 'data:[DONE]\r\r', 'as it is']);
    });

    it('can name another model than was asked for', async () => {
      upstream.next([style({ envelope: { model: 'm-2026', service_tier: 'flex' } }), text('a')]);
      expect((await read(url, body))[0]).toMatch(/"model":"m-2026","object":"[^"]*","service_tier":"flex"/);
    });
  });

  describe('time and connection', () => {
    it('waits at a gate, which tells that it was reached', async () => {
      const hold = gate();
      upstream.always(scriptStream(['a', hold, 'b']));
      const streams = await Promise.all([openStream(url, body), openStream(url, body)]);
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
      const hold = gate();
      upstream.next([hold, text('a')]).next([headers(200, { 'x-request-id': 'r' }), hold, text('a')]);
      let late = false;
      const withoutStep = openStream(url, body).then((stream) => {
        late = true;
        return stream.collect();
      });
      await hold.reached;
      const early = await openStream(url, body);
      expect(early.headers['x-request-id']).toBe('r');
      expect([late, early.items]).toEqual([false, []]);
      hold.open();
      await Promise.all([withoutStep, early.collect()]);
    });

    it('delays, and waits for promises', async () => {
      upstream.next([delay(20), text('a'), wait(Promise.resolve()), text('b')]);
      const stream = await openStream(url, body);
      const [first] = await stream.collect();
      // Timers may fire up to a millisecond early.
      expect((first?.at ?? 0) - stream.sentAt).toBeGreaterThanOrEqual(19);
    });

    it('answers with errors of any form, before and in a stream', async () => {
      upstream
        .next(httpError(429, errorBody('Slow', { code: 'rate_limit_exceeded' }), { 'retry-after': '2' }))
        .next([delay(5), httpError(502, '<html>', { 'content-type': 'text/plain' })])
        .next([text('a'), chunk(errorBody('Broken'))]);
      expect(await postJson(url, body)).toMatchObject({
        status: 429,
        headers: { 'retry-after': '2', 'content-type': 'application/json' },
        json: { error: { message: 'Slow', type: 'server_error', param: null, code: 'rate_limit_exceeded' } },
      });
      expect(await postJson(url, body)).toMatchObject({ status: 502, text: '<html>' });
      expect((await read(url, body))[1]).toBe(`data: ${JSON.stringify(errorBody('Broken'))}\n\n`);
    });

    it('stalls until the client leaves', async () => {
      upstream.always([text('a'), stall()]);
      const stream = await openStream(url, body);
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
      upstream.always(({ index }) => (index === 0 ? reset() : [text('a'), reset()]));
      await expect(postJson(url, body)).rejects.toMatchObject({ code: 'ECONNRESET' });
      await expect(postJson(url, body)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await Promise.all(upstream.requests.map(({ closed }) => closed))).toEqual(['cut', 'cut']);
    });

    it('resets with a TCP reset, and hangs up without', async () => {
      upstream.next([text('a'), reset()]).next([text('a'), hangUp()]);
      expect((await readSocket(url)).code).toBe('ECONNRESET');
      expect((await readSocket(url)).code).toBeUndefined();
    });

    it('counts the bytes of a flood', async () => {
      upstream.next([flood({ bytes: 40_000 }), done()]);
      const items = await (await openStream(url, body)).collect();
      expect(readContent(items)).toHaveLength(40_000);
      expect(items).toHaveLength(4);
      expect(upstream.requests[0]?.bytesWritten).toBeGreaterThan(40_000);
    });

    it('answers many at once, each by its own request', async () => {
      upstream.always(({ body, index }) => scriptStream(`${body.model} ${index}`));
      const models = Array.from({ length: 100 }, (_, i) => `m${i}`);
      const texts = await Promise.all(
        models.map(async (model) => readContent(await (await openStream(url, { ...body, model })).collect())),
      );
      expect(texts.map((text) => text.split(' ')[0])).toEqual(models);
      expect(new Set(texts.map((text) => text.split(' ')[1])).size).toBe(100);
    });
  });

  describe('faults', () => {
    it.each([
      ['unscripted requests', 500, body, 'Request 0 (model "m") came unscripted'],
      ['bodies that are no JSON', 400, '{', 'is not a POST of a chat completion request'],
      ['bodies without messages', 400, { model: 'm' }, 'is not a POST of a chat completion request'],
    ])('are %s', async (_, status, request, fault) => {
      const answer = await postJson(url, request);
      expect(answer).toMatchObject({ status, headers: { 'x-should-retry': 'false' } });
      expect(answer.text).toContain(fault.replaceAll('"', '\\"'));
      expect(() => upstream.assertClean()).toThrow(fault);
      await expect(upstream.close()).rejects.toThrow(fault);
    });

    it('are scripts that were never asked for', async () => {
      upstream.next(scriptStream('a')).next(scriptStream('b'));
      await postJson(url, body);
      await expect(upstream.close()).rejects.toThrow('1 queued script(s) were never asked for');
    });

    it('are scripts that fail', async () => {
      upstream
        .next([text('a'), wait(Promise.reject(new Error('on purpose')))])
        .next([raw('x')])
        .always(() => {
          throw new Error('also on purpose');
        });
      await expect(postJson(url, body)).rejects.toThrow('aborted');
      await expect(postJson(url, whole)).rejects.toThrow('socket hang up');
      await expect(postJson(url, body)).rejects.toThrow('socket hang up');
      expect(upstream.faults).toEqual([
        expect.stringContaining('Error: on purpose'),
        expect.stringContaining('A "raw" step has no meaning for a request without "stream": true'),
        expect.stringContaining('Error: also on purpose'),
      ]);
    });

    it('are steps that cannot be played, at once', () => {
      expect(() => upstream.next([stall(), text('a')])).toThrow('Nothing can follow the step "stall"');
    });

    it('are not requests in flight when it closes', async () => {
      upstream.always([text('a'), stall()]);
      const stream = await openStream(url, body);
      await upstream.close();
      await expect(stream.collect()).rejects.toThrow('aborted');
      expect(upstream.requests[0]?.ending).toBe('cut');
    });

    it('are requests that do not come in time', async () => {
      await expect(upstream.request(0, 5)).rejects.toThrow('Waited 5 ms in vain for upstream request 0');
    });
  });
});
