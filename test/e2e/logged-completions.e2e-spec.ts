import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics/index.js';
import { Bench } from '../support/bench.js';
import { assertCompletion, assertErrorEnded, eventually, readContent, readFrames } from '../support/checks.js';
import { CHAT, getJson, postJson, send, SseStream, WITH_USAGE } from '../support/client.js';
import { LeapingClock } from '../support/leaping-clock.js';
import { LoggedBench } from '../support/logged-bench.js';
import {
  stripStream,
  beginCompletion,
  completionUrl,
  ENDS,
  followCompletion,
  GOES_ON,
  joinCompletion,
  readUntil,
  retrieveCompletion,
} from '../support/logged.js';
import { httpError, scriptStream, steps, tokens } from '../support/upstream/index.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

describe('a completion that outlives its connection', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  it('continues without its client, who comes back with Last-Event-ID and gets exactly the rest', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo ', 'you'], { usage: tokens(3, 4) }));
    const first = await beginCompletion(bench.app, GOES_ON, WITH_USAGE);
    expect(first.headers['millrace-run-id']).toMatch(/^run_/);
    const { id, last } = await readUntil(first, 'Hel');
    first.destroy();
    await first.closed;
    const second = await joinCompletion(bench.app, id, { 'last-event-id': last });
    door.open();
    const rest = await second.collect();
    expect(await (await bench.upstream.request(0)).closed).toBe('finished');
    const seen = [...first.items, ...rest].filter(({ kind }) => kind === 'data');
    assertCompletion(seen, { content: 'Hello you', finish: 'stop', includeUsage: true, usage: tokens(3, 4) });
    const again = readFrames((await followCompletion(bench.app, id)).text);
    expect(stripStream(seen)).toEqual(stripStream(again));
  });

  it('continues to its end with nobody there, and is read later, whole and as chunks', async () => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo'], { usage: tokens(3, 4) }));
    const stream = await beginCompletion(bench.app);
    const { id } = await readUntil(stream, 'Hel');
    stream.destroy();
    await stream.closed;
    expect(await retrieveCompletion(bench.app, id)).toMatchObject({
      status: 409,
      headers: { 'x-should-retry': 'false' },
      json: { error: { code: 'run_not_finished' } },
    });
    door.open();
    const whole = await eventually(async () => {
      const response = await retrieveCompletion(bench.app, id);
      return response.status === 200 ? response : undefined;
    });
    expect(whole.headers['millrace-run-id']).toBe(stream.headers['millrace-run-id']);
    expect(whole.json).toMatchObject({
      id,
      object: 'chat.completion',
      choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
      usage: tokens(3, 4),
    });
    const { text, headers } = await followCompletion(bench.app, id);
    assertCompletion(readFrames(text), { content: 'Hello', finish: 'stop' });
    expect(headers['millrace-run-id']).toBe(stream.headers['millrace-run-id']);
    expect(
      readFrames(text).some((item) => item.kind === 'data' && item.json !== undefined && item.id === undefined),
    ).toBe(false);
  });

  it('has the same bytes for every reader, with node events and usage if the first request asked for them', async () => {
    const door = steps.gate();
    bench.upstream
      .next(scriptStream('One.', { usage: tokens(1, 2) }))
      .next(scriptStream(['{"thinking":"Hm.","reply":"Hel', door, 'lo"}'], { usage: tokens(3, 4) }));
    const first = await beginCompletion(
      bench.app,
      { ...GOES_ON, 'millrace-events': 'true' },
      { ...WITH_USAGE, model: 'streaming' },
    );
    const { id } = await readUntil(first, 'Hel');
    const second = await joinCompletion(bench.app, id);
    door.open();
    const all = stripStream(await first.collect());
    expect(stripStream(await second.collect())).toEqual(all);
    expect(stripStream(readFrames((await followCompletion(bench.app, id)).text))).toEqual(all);
    expect(all.filter(([, data]) => data.includes('"millrace"')).length).toBeGreaterThan(5);
    expect(all.filter(([, data]) => data.includes('"usage":{"prompt_tokens":4'))).toHaveLength(2);
    // A client that was cut off after any event gets the following ones. After the last event there are none.
    const numbers = all.flatMap(([number]) => number ?? []);
    for (const number of numbers.slice(0, -1)) {
      const { text } = await followCompletion(bench.app, id, '', { 'last-event-id': number });
      const place = all.findIndex(([other]) => other === number);
      expect(stripStream(readFrames(text))).toEqual(all.slice(place + 1));
    }
    expect(await followCompletion(bench.app, id, '', { 'last-event-id': numbers.at(-1) ?? '' })).toMatchObject({
      status: 204,
      text: '',
    });
  });

  /** A completion that has ended: its events, the number of the last one, and how to read it from a position. */
  async function endCompletion() {
    bench.upstream.next(scriptStream('Hello'));
    const stream = await beginCompletion(bench.app);
    const all = stripStream(await stream.collect());
    const id = (JSON.parse(all[0]?.[1] ?? '') as { id: string }).id;
    const last = Number(all.at(-2)?.[0]);
    const follow = (query: string, header?: string) =>
      followCompletion(bench.app, id, query, header === undefined ? {} : { 'last-event-id': header });
    return { id, all, last, follow };
  }

  it('can be read from every position on, by the query and by Last-Event-ID', async () => {
    const { all, last, follow } = await endCompletion();
    expect(await follow('', `${last}`)).toMatchObject({ status: 204, text: '' });
    expect((await follow(`&starting_after=${last}`)).text.replace(': keep-alive\n\n', '')).toBe('data: [DONE]\n\n');
    expect(await follow('&starting_after=0', `${last}`)).toMatchObject({ status: 204 });
    expect(await follow(`&starting_after=${last}`, '0')).toMatchObject({ status: 204 });
    expect(stripStream(readFrames((await follow('', 'x')).text))).toEqual(all);
  });

  it('accepts only positions from which a reader can continue', async () => {
    const { id, last, follow } = await endCompletion();
    for (const at of [`${last + 1}`, '999999999999']) {
      const gone = { status: 410, json: { error: { code: 'log_truncated' } } };
      expect(await follow(`&starting_after=${at}`)).toMatchObject(gone);
      expect(await follow('', at)).toMatchObject({ status: 410 });
    }
    for (const at of ['', '-1', '1e3', '0x1', 'x']) {
      const wrong = { status: 400, json: { error: { param: 'starting_after' } } };
      expect(await follow(`&starting_after=${at}`)).toMatchObject(wrong);
    }
    const url = `${bench.app.baseUrl}/chat/completions/${id}`;
    for (const word of ['nonsense', '1', '']) {
      const wrong = { status: 400, json: { error: { param: 'stream' } } };
      expect(await getJson(`${url}?stream=${word}`)).toMatchObject(wrong);
    }
    expect(await getJson(`${url}?stream=false`)).toMatchObject({ status: 200, json: { id } });
  });

  it('is answered whole, and its reader notices nothing', async () => {
    bench.upstream.next(scriptStream('Hello', { usage: tokens(3, 4) }));
    const response = await bench.ask({}, GOES_ON);
    expect(response).toMatchObject({
      status: 200,
      json: { object: 'chat.completion', choices: [{ message: { content: 'Hello' } }], usage: tokens(3, 4) },
    });
    expect(response.headers['millrace-run-id']).toMatch(/^run_/);
    const { id } = response.json as { id: string };
    expect((await retrieveCompletion(bench.app, id)).text).toBe(response.text);
  });

  it('fails before its first token with an error status, and gives the same error whenever it is read', async () => {
    // The first logged run opens the store, for which a busy machine takes longer than a stream waits with its status.
    bench.upstream.next(scriptStream('Hello'));
    await bench.ask({}, GOES_ON);
    bench.upstream.next([httpError(429, {}, { 'retry-after': '7' })]).next([httpError(400, {})]);
    const { status, headers, json } = await postJson(bench.app.chatUrl, { ...CHAT, stream: true }, GOES_ON);
    expect([status, json]).toMatchObject([429, { error: { code: 'rate_limit_exceeded' } }]);
    expect(headers['retry-after']).toBeDefined();
    const record = await getJson(`${bench.app.baseUrl}/runs/${String(headers['millrace-run-id'])}`);
    const id = (record.json as { segments: [{ completion_id: string }] }).segments[0].completion_id;
    expect(await retrieveCompletion(bench.app, id)).toMatchObject({ status: 429, json });
    expect(assertErrorEnded(readFrames((await followCompletion(bench.app, id)).text)).code).toBe('rate_limit_exceeded');
    expect((await bench.ask({}, GOES_ON)).status).toBe(400);
  });

  it('fails in the middle with one error frame, and cannot be read as a whole', async () => {
    bench.upstream.next([...scriptStream(['Hel']).slice(0, 2), steps.reset()]);
    const stream = await beginCompletion(bench.app);
    const items = await stream.collect();
    expect(readContent(items)).toBe('Hel');
    const error = assertErrorEnded(items);
    const { id } = await readUntil(stream, 'Hel');
    expect(stripStream(readFrames((await followCompletion(bench.app, id)).text))).toEqual(stripStream(items));
    expect(await retrieveCompletion(bench.app, id)).toMatchObject({
      status: 502,
      headers: { 'x-should-retry': 'false' },
      json: { error: { code: error.code } },
    });
  });
});

describe('the run of a completion whose readers have left', () => {
  let bench: Bench;
  let clock: LeapingClock;
  beforeEach(async () => {
    clock = new LeapingClock();
    bench = await Bench.start({ clock });
  });
  afterEach(() => bench.close());

  const begin = async (headers: Readonly<Record<string, string>>) => {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const stream = await beginCompletion(bench.app, headers);
    const { id } = await readUntil(stream, 'Hel');
    return { id, stream, door, upstream: await bench.upstream.request(0) };
  };
  const leave = async (stream: { destroy(): void }): Promise<void> => {
    stream.destroy();
    await eventually(async () => (await countStreams(bench)) === 0);
  };

  it('ends with `cancel` 15 s after the last of them has left', async () => {
    const { id, stream, upstream } = await begin(ENDS);
    const other = await openEvents(bench, String(stream.headers['millrace-run-id']));
    await other.until((item) => item.kind === 'data' && item.event === 'delta');
    stream.destroy();
    await eventually(async () => (await countStreams(bench)) === 1);
    clock.leap(20_000);
    await leave(other);
    clock.leap(14_999);
    expect((await retrieveCompletion(bench.app, id)).json).toMatchObject({ error: { code: 'run_not_finished' } });
    clock.leap(1);
    expect(await upstream.closed).toBe('aborted');
    const { status, json } = await eventually(async () => {
      const response = await retrieveCompletion(bench.app, id);
      return response.text.includes('run_not_finished') ? undefined : response;
    });
    expect([status, json]).toMatchObject([409, { error: { code: 'run_cancelled' } }]);
    const items = readFrames((await followCompletion(bench.app, id)).text);
    expect(readContent(items)).toBe('Hel');
    expect(assertErrorEnded(items).code).toBe('cancelled');
  });

  it('continues with `cancel` as long as somebody comes back in time, or waits for the whole completion', async () => {
    const { id, stream, door, upstream } = await begin(ENDS);
    await leave(stream);
    clock.leap(14_000);
    const back = await joinCompletion(bench.app, id);
    await readUntil(back, 'Hel');
    clock.leap(20_000);
    door.open();
    expect(readContent(await back.collect())).toBe('Hello');
    expect(await upstream.closed).toBe('finished');

    const hold = steps.gate();
    bench.upstream.next(scriptStream(['Wh', hold, 'ole']));
    const whole = bench.ask({}, ENDS);
    await hold.reached;
    clock.leap(20_000);
    hold.open();
    expect(await whole).toMatchObject({ status: 200, json: { choices: [{ message: { content: 'Whole' } }] } });
  });

  it('ends with `cancel` when the client that waited for a whole completion has gone', async () => {
    const hold = steps.gate();
    bench.upstream.next(scriptStream(['Wh', hold, 'ole']));
    const { request, response } = send('POST', bench.app.chatUrl, CHAT, { headers: ENDS });
    const gone = response.catch(() => undefined);
    await hold.reached;
    request.destroy();
    await gone;
    const upstream = await bench.upstream.request(0);
    // The server may notice the closed connection a moment later.
    await eventually(() => {
      clock.leap(15_000);
      return bench.upstream.open === 0;
    });
    expect(await upstream.closed).toBe('aborted');
  });

  it('continues with `continue`, however long nobody reads it', async () => {
    const { id, stream, door, upstream } = await begin(GOES_ON);
    await leave(stream);
    clock.leap(50_000);
    door.open();
    await eventually(async () => (await retrieveCompletion(bench.app, id)).status === 200);
    expect(await upstream.closed).toBe('finished');
  });
});

describe('a request for a completion that outlives its connection', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  it('refuses any other value, and is refused where nothing outlives its request', async () => {
    bench = await Bench.start({ env: { RUNS: 'off' } });
    for (const word of ['', 'stop', 'continue,cancel', 'true']) {
      expect(await bench.ask({}, { 'millrace-on-disconnect': word })).toMatchObject({
        status: 400,
        json: { error: { code: 'invalid_value', message: expect.stringContaining('millrace-on-disconnect') } },
      });
    }
    for (const stream of [true, false]) {
      expect(await bench.ask({ stream }, GOES_ON)).toMatchObject({
        status: 400,
        json: { error: { code: 'runs_disabled' } },
      });
    }
    expect(await retrieveCompletion(bench.app, 'chatcmpl-1')).toMatchObject({ status: 404 });
    expect(bench.upstream.requests).toHaveLength(0);
  });

  it('belongs to its key: others find nothing, and direct completions are not kept', async () => {
    bench = await Bench.start({ env: KEYS });
    bench.upstream.always(scriptStream('Hello'));
    const { headers, json } = await bench.ask({}, { ...ANN, ...GOES_ON });
    const { id } = json as { id: string };
    const run = String(headers['millrace-run-id']);
    expect((await retrieveCompletion(bench.app, id, ANN)).status).toBe(200);
    const direct = (await bench.ask({}, ANN)).json as { id: string };
    for (const [asked, key, status] of [
      [id, BOB, 404],
      [id, {}, 401],
      [run, ANN, 404],
      [direct.id, ANN, 404],
    ] as const) {
      expect((await retrieveCompletion(bench.app, asked, key)).status).toBe(status);
      expect((await followCompletion(bench.app, asked, '', key)).status).toBe(status);
    }
    const { response } = send('DELETE', completionUrl(bench.app, id), undefined, { headers: ANN });
    expect((await response).statusCode).toBe(405);
  });

  it('is the same run when it comes again with its Idempotency-Key, a stream too', async () => {
    bench = await Bench.start({ env: { LIMIT_REQUESTS_PER_MINUTE: '3' } });
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const headers = { ...GOES_ON, 'idempotency-key': 'order-1' };
    const first = await beginCompletion(bench.app, headers);
    await readUntil(first, 'Hel');
    first.destroy();
    const again = await beginCompletion(bench.app, headers);
    expect(again.headers).toMatchObject({
      'idempotent-replayed': 'true',
      'millrace-run-id': first.headers['millrace-run-id'],
    });
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    await readUntil(again, 'Hel');
    expect(await bench.ask({ stream: true, temperature: 0 }, headers)).toMatchObject({
      status: 409,
      json: { error: { code: 'idempotency_key_reused' } },
    });
    door.open();
    const items = stripStream(await again.collect());
    expect(items.slice(0, 2)).toEqual(stripStream(first.items));
    const later = await beginCompletion(bench.app, headers);
    expect(stripStream(await later.collect())).toEqual(items);
    // The two repeated requests count for no limit.
    expect(bench.upstream.requests).toHaveLength(1);
  });

  it('is counted and limited like any other', async () => {
    bench = await Bench.start({ env: { LIMIT_TOKENS_PER_MINUTE: '10' } });
    bench.upstream.always(scriptStream('Hello', { usage: tokens(3, 8) }));
    const stream = await beginCompletion(bench.app);
    await stream.collect();
    const refused = await eventually(async () => {
      const response = await bench.ask({}, GOES_ON);
      return response.status === 429 ? response : undefined;
    });
    expect(refused.json).toMatchObject({ error: { type: 'tokens', code: 'rate_limit_exceeded' } });
  });
});

describe('the access log', () => {
  it('has one line of a completion that outlives its connection, with all that is known of its run', async () => {
    const bench = await LoggedBench.start();
    try {
      bench.upstream.next(scriptStream('Hello', { usage: tokens(3, 4) }));
      const { headers } = await bench.ask({}, GOES_ON);
      expect(await bench.accessLine()).toMatchObject({
        outcome: 'stop',
        status: 200,
        workflow: 'chat',
        input_tokens: 3,
        output_tokens: 4,
        run_id: headers['millrace-run-id'],
        trace_id: headers['x-trace-id'],
      });
    } finally {
      await bench.close();
    }
  });
});

/** Opens the stream of a run's own events. */
async function openEvents({ app }: Bench, run: string): Promise<SseStream> {
  const sentAt = performance.now();
  const { request, response } = send('GET', `${app.baseUrl}/runs/${run}/events`, undefined);
  return new SseStream(request, await response, sentAt);
}

/** The number of open streams. A stream no longer counts once the server has noticed that its reader has gone. */
async function countStreams({ app }: Bench): Promise<number> {
  const { values } = await app.nest.get(Metrics).instruments.openStreams.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}
