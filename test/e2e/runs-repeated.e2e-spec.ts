import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { beginResponse, followResponse, readStream } from '../support/background-client.js';
import { Bench } from '../support/bench.js';
import { getJson, postJson } from '../support/client.js';
import { responsesUrl } from '../support/responses-client.js';
import { askRun, beginRun, callRun, endRun, readRun, runUrl, type WireRun } from '../support/runs-client.js';
import { scriptStream, steps } from '../support/upstream/index.js';
import { ORDER_KEY } from '../support/messages.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

describe('a repeated request for a run', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  it('gets the same run, however its body is written, and counts for no limit', async () => {
    bench = await Bench.start({ env: { LIMIT_REQUESTS_PER_MINUTE: '3' } });
    bench.upstream.always(scriptStream('Hello'));
    const first = await askRun(bench.app, { metadata: { a: 1, b: 2 }, temperature: 0 }, ORDER_KEY);
    const { id } = first.json as { id: string };
    await endRun(bench.app, id);
    for (let again = 0; again < 3; again++) {
      const { status, headers, json } = await askRun(
        bench.app,
        { temperature: 0, metadata: { b: 2, a: 1 } },
        ORDER_KEY,
      );
      expect([status, headers['idempotent-replayed']]).toEqual([202, 'true']);
      expect(json).toMatchObject({ id, status: 'completed', output: 'Hello' });
    }
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(bench.upstream.requests).toHaveLength(1);
    expect((await askRun(bench.app, {}, ORDER_KEY)).status).toBe(409);
    expect((await beginRun(bench.app)).id).not.toBe(id);
  });

  it('gets its run even when the queue is full', async () => {
    bench = await Bench.start({ env: { RUNS_CONCURRENCY: '1', LIMIT_QUEUED_RUNS: '1' } });
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo'])).always(scriptStream('Hello'));
    const { id: first } = await beginRun(bench.app);
    await door.reached;
    const { id } = await beginRun(bench.app, {}, ORDER_KEY);
    expect((await askRun(bench.app)).status).toBe(429);
    expect(await askRun(bench.app, {}, ORDER_KEY)).toMatchObject({
      status: 202,
      headers: { 'idempotent-replayed': 'true' },
      json: { id, status: 'queued' },
    });
    expect((await askRun(bench.app, { temperature: 1 }, ORDER_KEY)).status).toBe(409);
    expect((await askRun(bench.app, {}, { 'idempotency-key': 'order-2' })).status).toBe(429);
    door.open();
    for (const each of [first, id]) await endRun(bench.app, each);
    expect(bench.upstream.requests).toHaveLength(2);
  });

  it('is refused with another body, and with a key that is none', async () => {
    bench = await Bench.start();
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginRun(bench.app, {}, ORDER_KEY);
    const other = await askRun(bench.app, { temperature: 0.5 }, ORDER_KEY);
    expect(other).toMatchObject({
      status: 409,
      headers: { 'x-should-retry': 'false' },
      json: { error: { code: 'idempotency_key_reused', type: 'invalid_request_error' } },
    });
    expect(await askRun(bench.app, {}, { 'idempotency-key': 'with space' })).toMatchObject({
      status: 400,
      json: { error: { code: 'invalid_idempotency_key' } },
    });
    await endRun(bench.app, id);
  });

  it('belongs to the API key that sent it', async () => {
    bench = await Bench.start({ env: KEYS });
    bench.upstream.always(scriptStream('Hello'));
    const [ann, bob] = [ANN, BOB].map((caller) => ({ ...ORDER_KEY, ...caller }));
    const first = await beginRun(bench.app, {}, ann);
    const second = await beginRun(bench.app, { temperature: 1 }, bob);
    expect(second.id).not.toBe(first.id);
    expect((await beginRun(bench.app, {}, ann)).id).toBe(first.id);
    await endRun(bench.app, first.id, ann);
    await endRun(bench.app, second.id, bob);
  });

  const ask = (more: object, headers: Record<string, string> = ORDER_KEY) =>
    postJson(responsesUrl(bench.app), { model: 'chat', input: 'Hi', background: true, ...more }, headers);

  it('gets the same background response in its current state', async () => {
    bench = await Bench.start();
    bench.upstream.always(scriptStream('Hello'));
    const first = await ask({});
    const { id } = first.json as { id: string };
    const { text } = await followResponse(bench.app, id);
    const again = await ask({});
    expect(again).toMatchObject({
      status: 200,
      headers: { 'idempotent-replayed': 'true', 'millrace-run-id': first.headers['millrace-run-id'] },
      json: { id, status: 'completed' },
    });
    expect(await readRun(bench.app, String(first.headers['millrace-run-id']))).toMatchObject({ status: 'completed' });
    expect(readStream(text).response).toEqual(again.json);
    expect((await ask({ stream: true })).status).toBe(409);
    expect(bench.upstream.requests).toHaveLength(1);
  });

  it('gets the stream of the same background response from the start', async () => {
    bench = await Bench.start();
    bench.upstream.always(scriptStream('Hello'));
    const streamKey = { 'idempotency-key': 'order-2' };
    const streams = [await ask({ stream: true }, streamKey), await ask({ stream: true }, streamKey)];
    expect(streams.map(({ headers }) => headers['idempotent-replayed'])).toEqual([undefined, 'true']);
    const told = streams.map((stream) => readStream(stream.text));
    expect(told[1]).toEqual(told[0]);
    expect(bench.upstream.requests).toHaveLength(1);
  });
});

describe('a retry of a run', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  /** Starts a run that only ends when it is cancelled. */
  async function beginHeld(): Promise<string> {
    const door = steps.gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const asked = { metadata: { ticket: 'T-1' }, temperature: 0.5, priority: 9 };
    const { id } = await beginRun(bench.app, asked);
    await door.reached;
    return id;
  }

  it('starts a new run once the run has ended, and not before', async () => {
    const id = await beginHeld();
    expect(await callRun(bench.app, 'POST', `${id}/retry`)).toMatchObject({
      status: 409,
      json: { error: { code: 'run_not_finished' } },
    });
    await callRun(bench.app, 'POST', `${id}/cancel`);
    bench.upstream.always(scriptStream('Hello'));
    const retry = await callRun(bench.app, 'POST', `${id}/retry`);
    const fresh = retry.json as { id: string };
    expect([retry.status, retry.headers['location']]).toEqual([202, `/v1/runs/${fresh.id}`]);
    expect(fresh.id).not.toBe(id);
    expect(fresh).toMatchObject({ status: 'queued', attempts: 0, metadata: { ticket: 'T-1' }, priority: 9 });
    expect(await endRun(bench.app, fresh.id)).toMatchObject({ status: 'completed', output: 'Hello' });
    expect((await bench.upstream.request(1)).body).toEqual((await bench.upstream.request(0)).body);
  });

  it('starts one run for each Idempotency-Key', async () => {
    const id = await beginHeld();
    await callRun(bench.app, 'POST', `${id}/cancel`);
    bench.upstream.always(scriptStream('Hello'));
    const key = { 'idempotency-key': 'again' };
    const { id: fresh } = (await callRun(bench.app, 'POST', `${id}/retry`, key)).json as { id: string };
    const again = await callRun(bench.app, 'POST', `${id}/retry`, key);
    expect(again).toMatchObject({ headers: { 'idempotent-replayed': 'true' }, json: { id: fresh } });
    expect(await endRun(bench.app, fresh)).toMatchObject({ status: 'completed' });
    expect(await readRun(bench.app, id)).toMatchObject({ status: 'cancelled' });
  });

  it('repeats the request as it was, whichever protocol sent it', async () => {
    bench.upstream.always(scriptStream('Hello'));
    const response = await beginResponse(bench.app, { instructions: 'Be brief.' });
    await followResponse(bench.app, response.id);
    const [kept] = ((await getJson(runUrl(bench.app))).json as { data: WireRun[] }).data;
    const { json } = await callRun(bench.app, 'POST', `${kept!.id}/retry`);
    expect(json).toMatchObject({ segments: [{ completion_id: null, response_id: null, from: 0 }] });
    await endRun(bench.app, (json as { id: string }).id);
    expect((await bench.upstream.request(1)).body).toEqual((await bench.upstream.request(0)).body);
    expect((await callRun(bench.app, 'POST', 'run_0/retry')).status).toBe(404);
  });
});
