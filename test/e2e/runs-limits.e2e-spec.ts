import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { Verdict } from '../../src/workflows/approval/approval.workflow.js';
import { beginResponse, followResponse, retrieve } from '../support/background-client.js';
import { postJson } from '../support/http-client.js';
import { MetricsPage } from '../support/metrics-page.js';
import { responsesUrl } from '../support/responses-client.js';
import { askRun, beginRun, callRun, endRun, followRun, readEvents, readRun } from '../support/runs-client.js';
import { TimeOfDay } from '../support/time-of-day.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';
import { makeWiredModule, type Wire } from '../support/workflow-kit.js';

describe('runs', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  it('begin with those of the highest priority, and not before their time', async () => {
    bench = await Bench.start({ env: { RUNS_CONCURRENCY: '1' } });
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo'])).always(scriptStream('Hello'));
    const { id: first } = await beginRun(bench.app);
    await door.reached;
    const { id: low } = await beginRun(bench.app, { priority: 0 });
    const { id: high } = await beginRun(bench.app, { priority: 9 });
    const later = await beginRun(bench.app, { run_at: Math.floor(Date.now() / 1_000) + 3_600, priority: 9 });
    expect(Number(later['run_at']) - Number(later['created_at'])).toBeGreaterThanOrEqual(3_599);
    const past = await beginRun(bench.app, { run_at: 1, priority: 1 });
    expect(past['run_at']).toBe(past['created_at']);
    door.open();
    for (const id of [first, low, high, past.id]) await endRun(bench.app, id);
    const begins = [];
    for (const id of [high, past.id, low]) begins.push(readEvents((await followRun(bench.app, id)).text)[0]!.at);
    expect(begins.toSorted((a, b) => a - b)).toEqual(begins);
    expect(await readRun(bench.app, later.id)).toMatchObject({ status: 'queued', started_at: null, deadline: null });
    expect((await callRun(bench.app, 'POST', `${later.id}/cancel`)).json).toMatchObject({
      status: 'cancelled',
      started_at: null,
      attempts: 0,
    });
  });

  it('are refused beyond what one key may have waiting', async () => {
    bench = await Bench.start({ env: { RUNS_CONCURRENCY: '1', LIMIT_QUEUED_RUNS: '1' } });
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo'])).always(scriptStream('Hello'));
    const { id: first } = await beginRun(bench.app);
    await door.reached;
    const { id } = await beginRun(bench.app);
    expect(await askRun(bench.app)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '5' },
      json: { error: { code: 'rate_limit_exceeded' } },
    });
    door.open();
    for (const each of [first, id]) await endRun(bench.app, each);
  });

  it('hold no place while they wait for an answer, and do not count as queued', async () => {
    const wire: Wire = (flow) => flow.interrupt('approve', { draft: 'A draft' }, Verdict).map(String);
    const env = { RUNS_CONCURRENCY: '1', LIMIT_QUEUED_RUNS: '12' };
    bench = await Bench.start({ env, imports: [makeWiredModule(wire)] });
    const ids: string[] = [];
    for (const half of [1, 2]) {
      for (let count = 0; count < 10; count++) ids.push((await beginRun(bench.app, { model: 'test' })).id);
      for (const id of ids) expect([half, (await endRun(bench.app, id)).status]).toEqual([half, 'waiting']);
    }
    const page = await MetricsPage.of(bench.app.url);
    const names = ['background_runs', 'queued_background_runs', 'open_runs', 'due_runs', 'open_waits'];
    expect(names.map((name) => page.sum(`millrace_${name}`))).toEqual([0, 0, 0, 0, 20]);
    expect(page.sum('millrace_oldest_open_wait_seconds')).toBeGreaterThan(0);
    const responses = await Promise.all(
      ids.map((id) => callRun(bench.app, 'POST', `${id}/waits/approve`, {}, { value: { approved: true } })),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    for (const id of ids) expect(await endRun(bench.app, id)).toMatchObject({ status: 'completed', attempts: 1 });
  });

  it('are known, with their output, for longer than their events', async () => {
    const clock = new TimeOfDay();
    bench = await Bench.start({ clock, env: { RUNS_LOG_TTL_S: '60', RUNS_RECORD_TTL_S: '600' } });
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginRun(bench.app);
    await endRun(bench.app, id);
    const { id: response } = await beginResponse(bench.app);
    await followResponse(bench.app, response);
    clock.advance(61_000);
    // The response itself is stored for longer, and stays the same.
    expect((await retrieve(bench.app, response)).status).toBe('completed');
    expect(await followResponse(bench.app, response)).toMatchObject({
      status: 400,
      json: { error: { message: expect.stringContaining('its events have expired'), param: 'stream' } },
    });
    const expired = { status: 410, json: { error: { code: 'log_expired' } } };
    expect(await followRun(bench.app, id)).toMatchObject(expired);
    expect(await callRun(bench.app, 'POST', `${id}/retry`)).toMatchObject(expired);
    expect((await callRun(bench.app, 'GET', `${id}?include=steps`)).json).toMatchObject({
      status: 'completed',
      output: 'Hello',
      finish_reason: 'stop',
      steps: [],
    });
    clock.advance(600_000);
    expect((await callRun(bench.app, 'GET', id)).status).toBe(404);
  });

  it('are all refused where RUNS is off, and so are responses in the background', async () => {
    bench = await Bench.start({ env: { RUNS: 'off' } });
    const refused = [
      await askRun(bench.app),
      await callRun(bench.app, 'GET', ''),
      await callRun(bench.app, 'GET', 'run_x'),
      await callRun(bench.app, 'GET', 'run_x/events'),
      await callRun(bench.app, 'GET', 'run_x/events?ticket=x'),
      await callRun(bench.app, 'POST', 'run_x/cancel'),
      await callRun(bench.app, 'POST', 'run_x/ticket'),
      await callRun(bench.app, 'DELETE', 'run_x'),
      await postJson(responsesUrl(bench.app), { model: 'chat', input: 'Hi', background: true }),
    ];
    for (const { status, json } of refused) {
      expect([status, json]).toMatchObject([400, { error: { code: 'runs_disabled' } }]);
    }
  });

  it('are refused with retry-after while their store is away; direct requests are not affected', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-away-'));
    bench = await Bench.start({ env: { RUNS_DIR: folder } });
    bench.upstream.always(scriptStream('Hello'));
    const { id } = await beginRun(bench.app);
    await endRun(bench.app, id);
    const other = await Bench.start({ env: { RUNS_DIR: folder } });
    try {
      other.upstream.always(scriptStream('Hello'));
      const responses = [
        await callRun(other.app, 'GET', id),
        await callRun(other.app, 'GET', `${id}/events`),
        await callRun(other.app, 'POST', `${id}/cancel`),
        await askRun(other.app),
        await postJson(responsesUrl(other.app), { model: 'chat', input: 'Hi', background: true }),
      ];
      expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 503));
      for (const { headers, json } of responses) {
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        expect(json).toMatchObject({ error: { type: 'server_error' } });
      }
      expect((await other.ask()).status).toBe(200);
    } finally {
      await other.close();
      await rm(folder, { recursive: true });
    }
  });
});
