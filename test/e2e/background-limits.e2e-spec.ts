import { afterEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { beginResponse, callResponse, followResponse, readStream, retrieve } from '../support/background-client.js';
import { eventually } from '../support/eventually.js';
import { getJson, postJson } from '../support/http-client.js';
import { MetricsPage } from '../support/metrics-page.js';
import { openResponse, responsesUrl } from '../support/responses-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';
import { ANN, BOB, KEYS } from '../support/callers.js';

describe('many responses in the background', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  it('wait for a place in order, and do not affect direct requests', async () => {
    bench = await Bench.start({ env: { RUNS_CONCURRENCY: '1' } });
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id: first } = await beginResponse(bench.app);
    await door.reached;
    const { id: second } = await beginResponse(bench.app);
    const stream = await openResponse(bench.app, { background: true });
    await stream.until((item) => item.kind === 'data' && item.event === 'response.queued');
    bench.upstream.always(scriptStream('More'));
    expect((await bench.ask()).status).toBe(200);
    expect((await retrieve(bench.app, second)).status).toBe('queued');
    const metrics = (await getJson(`${bench.app.url}/metrics`)).text;
    const counts = metrics.match(/^millrace_(?:queued_)?background_runs \d+$/gm);
    expect(counts?.toSorted()).toEqual(['millrace_background_runs 1', 'millrace_queued_background_runs 2']);
    expect(stream.items.some((item) => item.kind === 'data' && item.event === 'response.in_progress')).toBe(false);
    door.open();
    await stream.collect();
    for (const id of [first, second]) {
      expect(readStream((await followResponse(bench.app, id)).text).response.status).toBe('completed');
    }
  });

  it('are counted by what the store keeps of them', async () => {
    bench = await Bench.start();
    bench.upstream.always(scriptStream('More'));
    for (let count = 0; count < 3; count++) {
      await followResponse(bench.app, (await beginResponse(bench.app)).id);
    }
    const page = await MetricsPage.of(bench.app.url);
    expect(page.sum('millrace_store_up')).toBe(1);
    expect(page.sum('millrace_stored_responses_total')).toBe(3);
    expect(page.sum('millrace_stored_events_total')).toBeGreaterThanOrEqual(3 * 3);
  });

  it('are cancelled while they wait, and never begin', async () => {
    bench = await Bench.start({ env: { RUNS_CONCURRENCY: '1' } });
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id: first } = await beginResponse(bench.app);
    await door.reached;
    const { id } = await beginResponse(bench.app);
    const reader = followResponse(bench.app, id);
    expect((await callResponse(bench.app, 'POST', `${id}/cancel`)).json).toMatchObject({
      status: 'cancelled',
      output: [],
    });
    const { events } = readStream((await reader).text);
    expect(events.map(({ type }) => type)).toEqual(['response.created', 'response.queued', 'response.incomplete']);
    door.open();
    await followResponse(bench.app, first);
  });

  it('are refused to a caller with too many waiting, and to nobody else', async () => {
    bench = await Bench.start({ env: { ...KEYS, RUNS_CONCURRENCY: '1', LIMIT_QUEUED_RUNS: '1' } });
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo'])).always(scriptStream('Hello'));
    await beginResponse(bench.app, {}, ANN);
    await door.reached;
    const { id } = await beginResponse(bench.app, {}, ANN);
    const body = { model: 'chat', input: 'Hi', background: true };
    for (const stream of [false, true]) {
      const { status, headers, json } = await postJson(responsesUrl(bench.app), { ...body, stream }, ANN);
      expect([status, json]).toMatchObject([429, { error: { code: 'rate_limit_exceeded' } }]);
      expect(headers['retry-after']).toBe('5');
    }
    const { id: other } = await beginResponse(bench.app, {}, BOB);
    door.open();
    await followResponse(bench.app, id, '', ANN);
    await followResponse(bench.app, other, '', BOB);
  });

  it('belong to their callers: for all others they do not exist', async () => {
    bench = await Bench.start({ env: KEYS });
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await beginResponse(bench.app, {}, ANN);
    await door.reached;
    const seen = [
      await followResponse(bench.app, id, '', BOB),
      await callResponse(bench.app, 'POST', `${id}/cancel`, BOB),
      await callResponse(bench.app, 'DELETE', id, BOB),
    ];
    expect(seen.map(({ status }) => status)).toEqual([404, 404, 404]);
    await expect(retrieve(bench.app, id, BOB)).rejects.toThrow('404');
    door.open();
    const { text } = await followResponse(bench.app, id, '', ANN);
    expect(readStream(text).response.status).toBe('completed');
  });

  it('run at most as many at a time as their caller may have requests', async () => {
    bench = await Bench.start({ env: { ...KEYS, LIMIT_CONCURRENT_STREAMS: '1' } });
    const door = gate();
    bench.upstream.always(scriptStream(['Hel', door, 'lo']));
    const { id: first } = await beginResponse(bench.app, {}, ANN);
    await door.reached;
    // The limit refuses another request while the first one runs, so the first one must end before.
    expect((await postJson(responsesUrl(bench.app), { model: 'chat', input: 'Hi' }, ANN)).status).toBe(429);
    door.open();
    await followResponse(bench.app, first, '', ANN);
    await eventually(
      async () => (await postJson(responsesUrl(bench.app), { model: 'chat', input: 'Hi' }, ANN)).status === 200,
    );
  });
});
