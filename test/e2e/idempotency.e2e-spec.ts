import { afterEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { Bench, type TestAppOptions } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { type HttpResponse, postJson, send } from '../support/http-client.js';
import { CHAT, HELLO, ORDER_KEY } from '../support/messages.js';
import { RecordingTracer } from '../support/recording-tracer.js';
import { catchRejection } from '../support/rejection.js';
import { openStream } from '../support/sse-client.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import { errorBody, gate, httpError } from '../support/upstream/steps.js';
import { assertValidError } from '../support/wire-schema.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

describe('Idempotency-Key', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  const start = async (env: Record<string, string> = {}, options: TestAppOptions = {}): Promise<Bench> =>
    (bench = await Bench.start({ ...options, env }));
  const ask = (headers: Record<string, string> = ORDER_KEY, body: object = CHAT): Promise<HttpResponse> =>
    postJson(bench.app.chatUrl, body, headers);
  const countAsked = (): number => bench.upstream.requests.length;

  it('gives a repeated request the first response again', async () => {
    await start({}, { tracer: new RecordingTracer() });
    bench.upstream.next(scriptStream('Hi', { usage: tokens(3, 4) }));
    const first = await ask();
    const again = await ask();
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([200, undefined]);
    expect(again).toMatchObject({
      status: 200,
      text: first.text,
      headers: {
        'idempotent-replayed': 'true',
        'content-type': 'application/json; charset=utf-8',
        'x-trace-id': first.headers['x-trace-id'],
      },
    });
    expect(first.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-trace-id': expect.any(String),
    });
    expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    expect(countAsked()).toBe(1);
  });

  it('lets a repeated request count for no limit', async () => {
    await start({ LIMIT_REQUESTS_PER_MINUTE: '2' });
    bench.upstream.always(scriptStream('Hi'));
    for (let repeated = 0; repeated < 3; repeated++) await ask();
    // Only the first request was counted, so one more is allowed.
    await eventually(async () => (await ask({})).status === 200);
    expect((await ask({})).status).toBe(429);
  });

  it('lets a repeated request wait for the first, and the openai SDK send the key', async () => {
    await start();
    const hold = gate();
    bench.upstream.next(scriptStream([hold, 'Hi']));
    const client = new OpenAI({ baseURL: bench.app.baseUrl, apiKey: 'any', maxRetries: 0 });
    const create = () =>
      client.chat.completions.create({ model: 'chat', messages: HELLO }, { headers: { 'Idempotency-Key': 'sdk' } });
    const both = [create(), create()];
    await hold.reached;
    both.push(create());
    hold.open();
    const ids = (await Promise.all(both)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
    expect(countAsked()).toBe(1);
  });

  it('refuses the same key with another body', async () => {
    await start();
    const hold = gate();
    bench.upstream.next(scriptStream([hold, 'Hi']));
    const first = ask();
    await hold.reached;
    const other = { ...CHAT, temperature: 0.5 };
    const meanwhile = await ask(ORDER_KEY, other);
    hold.open();
    await first;
    for (const { status, headers, json } of [meanwhile, await ask(ORDER_KEY, other)]) {
      expect([status, headers['x-should-retry']]).toEqual([409, 'false']);
      assertValidError(json);
      expect(json.error).toMatchObject({ type: 'invalid_request_error', code: 'idempotency_key_reused' });
    }
    expect(countAsked()).toBe(1);
  });

  it('belongs to whoever sent it', async () => {
    await start(KEYS);
    bench.upstream.next(scriptStream('for ann')).next(scriptStream('for bob'));
    const responses = [
      await ask({ ...ORDER_KEY, ...ANN }),
      await ask({ ...ORDER_KEY, ...BOB }),
      await ask({ ...ORDER_KEY, ...ANN }),
    ];
    expect(responses.map(({ json }) => (json as OpenAI.ChatCompletion).choices[0]?.message.content)).toEqual([
      'for ann',
      'for bob',
      'for ann',
    ]);
  });

  it('does not keep a passing failure: the next request runs again', async () => {
    await start();
    bench.upstream
      .next(httpError(500, errorBody('no')))
      .next(httpError(429, errorBody('slow')))
      .next(scriptStream('Hi'));
    const responses = [await ask(), await ask(), await ask(), await ask()];
    expect(responses.map(({ status, headers }) => [status, headers['idempotent-replayed']])).toEqual([
      [502, undefined],
      [429, undefined],
      [200, undefined],
      [200, 'true'],
    ]);
  });

  it('keeps a failure that is about the request', async () => {
    await start();
    const fault = errorBody('too long', { code: 'context_length_exceeded', param: 'messages' });
    bench.upstream.next(httpError(400, fault));
    const [first, again] = [await ask(), await ask()];
    expect([first.status, again.status, again.headers['idempotent-replayed']]).toEqual([400, 400, 'true']);
    expect(again.text).toBe(first.text);
    assertValidError(again.json);
    expect(countAsked()).toBe(1);
  });

  it('lets the next one in line run when the first one leaves', async () => {
    await start();
    const hold = gate();
    bench.upstream.next(scriptStream([hold, 'lost'])).next(scriptStream('Hi'));
    const leaving = new AbortController();
    const { response } = send('POST', bench.app.chatUrl, CHAT, { headers: ORDER_KEY, signal: leaving.signal });
    await hold.reached;
    const waiting = [ask(), ask()];
    const alsoLeaving = new AbortController();
    const { response: another } = send('POST', bench.app.chatUrl, CHAT, {
      headers: ORDER_KEY,
      signal: alsoLeaving.signal,
    });
    alsoLeaving.abort();
    await catchRejection(another);
    leaving.abort();
    await catchRejection(response);
    const responses = await Promise.all(waiting);
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
    expect(countAsked()).toBe(2);
  });

  it('is forgotten after its time', async () => {
    await start({ IDEMPOTENCY_TTL_MS: '1' });
    bench.upstream.always(scriptStream('Hi'));
    const first = await ask();
    await eventually(async () => (await ask()).text !== first.text);
    expect(countAsked()).toBe(2);
  });

  it.each(['', ' ', 'two words', 'x'.repeat(256), 'ö'])('must not be %j', async (key) => {
    await start();
    const { status, json } = await ask({ 'idempotency-key': Buffer.from(key).toString('latin1') });
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: { code: 'invalid_idempotency_key' } });
  });

  it('is ignored for streams', async () => {
    await start();
    bench.upstream.next(scriptStream('one')).next(scriptStream('two'));
    for (const word of ['one', 'two']) {
      const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true }, { headers: ORDER_KEY });
      expect(JSON.stringify(await stream.collect())).toContain(word);
      expect(stream.headers['idempotent-replayed']).toBeUndefined();
    }
  });
});
