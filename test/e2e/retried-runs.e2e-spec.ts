import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RunLogStore } from '../../src/runs/store/run-log-store.js';
import { agent } from '../../src/workflow/index.js';
import { LeapingClock, makeOptionsModule, MetricsPage, TestApp, type Wire } from '../support/bench.js';
import { eventually } from '../support/checks.js';
import { CHAT, postJson } from '../support/client.js';
import * as logged from '../support/logged.js';
import { RestartedApp } from '../support/restarted-app.js';
import { errorBody, httpError, scriptStream, steps, tokens } from '../support/upstream/index.js';

const HOUR_MS = 3_600_000;

describe('a run that is retried after it has failed', () => {
  let process: RestartedApp;
  beforeEach(async () => {
    process = await RestartedApp.begin();
  });
  afterEach(() => process.close());

  const first = agent({ instructions: 'First' });
  const second = agent({ instructions: 'Second' });
  const before: Wire = (flow, { messages }) => {
    const noted = flow.ask(first, { messages }, { key: 'first' });
    return flow.stream(second, { messages: noted }, { key: 'second' });
  };
  /** Two agents, the second one visible. */
  const makeRetryModule = (retries: number, wire: Wire = before) =>
    makeOptionsModule({ background: { retries, retryDelay: '1m' } }, wire);
  let clock: LeapingClock;
  const startRetried = async (retries = 2, wire?: Wire): Promise<TestApp> => {
    clock = new LeapingClock();
    return process.start({ UPSTREAM_MAX_RETRIES: '0' }, { clock, imports: [makeRetryModule(retries, wire)] });
  };
  const DOWN = httpError(503, errorBody('Down'));
  const waitForRetry = (of: TestApp, id: string): Promise<logged.WireRun> =>
    eventually(async () => {
      const run = await logged.readRun(of, id);
      return run.status === 'queued' && Number(run.run_at) > Number(run.created_at) ? run : undefined;
    });
  const countRequests = (): number => process.upstream.requests.length;

  /** Starts a run whose first step finishes, and whose second step breaks off and waits for its retry. */
  async function breakOff(app: TestApp): Promise<logged.WireRun> {
    const cut = [steps.role(), steps.text('Half'), steps.usage(tokens(3, 1)), steps.hangUp()];
    process.upstream.next(scriptStream('Noted', { usage: tokens(5, 5) })).next(cut);
    return waitForRetry(app, (await logged.beginRun(app, { model: 'test' })).id);
  }

  /** Makes the retry due, and waits for its end. */
  function retry(app: TestApp, { id }: logged.WireRun): Promise<logged.WireRun> {
    process.upstream.next(scriptStream('Whole', { usage: tokens(7, 2) }));
    clock.leap(60_000);
    return logged.endRun(app, id);
  }

  it('waits a while, and continues with the steps that have finished; all tokens count', async () => {
    const app = await startRetried();
    const waiting = await breakOff(app);
    expect(waiting.attempts).toBe(1);
    expect(Number(waiting.run_at) - clock.now() / 1_000).toBeGreaterThan(40);
    const refused = await logged.callRun(app, 'POST', `${waiting.id}/retry`);
    expect(refused).toMatchObject({ status: 409, json: { error: { code: 'run_not_finished' } } });
    const run = await retry(app, waiting);
    expect(run).toMatchObject({ status: 'completed', output: 'Whole', attempts: 2, usage: tokens(15, 8) });
    expect(countRequests()).toBe(3);
  });

  it('tells its readers which events no longer count', async () => {
    const app = await startRetried();
    const waiting = await breakOff(app);
    const stream = logged.followRun(app, waiting.id);
    await retry(app, waiting);
    const events = logged.readEvents((await stream).text);
    const cut = events.findIndex(({ type }) => type === 'delta');
    const half = events[cut]?.n;
    const error = { code: 'upstream_connection_lost', node: 'second' };
    expect(events.slice(cut + 1)).toMatchObject([
      { type: 'node-failed' },
      { type: 'run-retrying', error, retry_at: waiting.run_at },
      { type: 'run-resumed', epoch: 2 },
      { type: 'node-restarted', from: half, to: half },
      { type: 'node-started' },
      { type: 'model-identified' },
      { type: 'delta' },
      { type: 'node-finished' },
      { type: 'run-finished' },
    ]);
  });

  it('is counted as a retry, and not as a resumption', async () => {
    const app = await startRetried();
    await retry(app, await breakOff(app));
    const page = await MetricsPage.of(app.url);
    expect(page.sum('millrace_run_retries_total', { workflow: 'test' })).toBe(1);
    expect(page.sum('millrace_run_resumptions_total', { workflow: 'test' })).toBe(0);
    expect(page.sum('millrace_run_duration_seconds_count', { workflow: 'test', outcome: 'retrying' })).toBe(1);
  });

  it.each([
    ['a whole completion', (app: TestApp) => postJson(app.chatUrl, { ...CHAT, model: 'test' }, logged.GOES_ON)],
    [
      'a streamed completion',
      (app: TestApp) => postJson(app.chatUrl, { ...CHAT, model: 'test', stream: true }, logged.GOES_ON),
    ],
    [
      'a response in the background',
      async (app: TestApp) => logged.followResponse(app, (await logged.beginResponse(app, { model: 'test' })).id),
    ],
  ])('ends once, as %s', async (_, ask) => {
    const app = await startRetried();
    process.upstream.next(scriptStream('Noted')).next(DOWN);
    const response = ask(app);
    await eventually(() => countRequests() === 2, { within: 25_000 });
    const { data } = (await logged.callRun(app, 'GET', '?limit=1')).json as { data: [logged.WireRun] };
    await waitForRetry(app, data[0].id);
    process.upstream.next(scriptStream('Whole'));
    clock.leap(60_000);
    const { status, text } = await response;
    expect([status, text.includes('Whole'), /"error":\s?\{|run_restarted/.test(text)]).toEqual([200, true, false]);
    expect(text.match(/"finish_reason":\s?"stop"|event: response\.completed/g)).toHaveLength(1);
  });

  it('fails after its last retry', async () => {
    const app = await startRetried();
    process.upstream.next(scriptStream('Noted')).next(DOWN);
    const { id } = await logged.beginRun(app, { model: 'test' });
    for (const attempts of [1, 2]) {
      expect((await waitForRetry(app, id)).attempts).toBe(attempts);
      process.upstream.next(DOWN);
      clock.leap(120_000);
      await eventually(async () => (await logged.readRun(app, id)).attempts !== attempts);
    }
    const run = await logged.endRun(app, id);
    expect(run).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'upstream_error', node: 'second' } });
    const ends = logged
      .readEvents((await logged.followRun(app, id)).text)
      .filter(({ type }) => /run-f|retrying/.test(type));
    expect(ends.map(({ type }) => type)).toEqual(['run-retrying', 'run-retrying', 'run-failed']);
  });

  it('is not retried if a retry cannot help, or if its caller waits for it', async () => {
    const app = await startRetried();
    const invalid = httpError(400, errorBody('No', { type: 'invalid_request_error' }));
    process.upstream.next(scriptStream('Noted')).next(invalid);
    const refused = await logged.beginRun(app, { model: 'test' });
    expect(await logged.endRun(app, refused.id)).toMatchObject({ status: 'failed', attempts: 1 });
    process.upstream.next(scriptStream('Noted')).next(DOWN);
    expect((await postJson(app.chatUrl, { ...CHAT, model: 'test' })).status).toBeGreaterThanOrEqual(500);
  });

  it('is not retried if a step failed that must not run twice', async () => {
    const paid: string[] = [];
    const pays: Wire = (flow, { messages }) => {
      const noted = flow.ask(first, { messages }, { key: 'first' });
      const pay = (): string => {
        paid.push('once');
        throw new Error('Not again');
      };
      return flow.run('pay', { noted }, pay, { onInterruption: 'fail' });
    };
    const app = await startRetried(2, pays);
    process.upstream.next(scriptStream('Noted'));
    const { id } = await logged.beginRun(app, { model: 'test' });
    expect(await logged.endRun(app, id)).toMatchObject({ status: 'failed', error: { code: 'internal_error' } });
    expect(paid).toEqual(['once']);
  });

  it('keeps to its pause though that could not be kept', async () => {
    const door = await startRetried();
    // This stands for a store that is unavailable at that moment, or a process that dies then.
    const release = jest
      .spyOn(door.nest.get(RunLogStore, { strict: false }), 'release')
      .mockRejectedValueOnce(new Error('database or disk is full'));
    process.upstream.next(scriptStream('Noted')).next(DOWN);
    const { id } = await logged.beginRun(door, { model: 'test' });
    await eventually(() => release.mock.calls.length > 0);
    await waitForRetry(door, id);
    expect(countRequests()).toBe(2);
    process.upstream.next(scriptStream('Whole'));
    clock.leap(60_000);
    expect(await logged.endRun(door, id)).toMatchObject({ status: 'completed', attempts: 2, output: 'Whole' });
    expect(countRequests()).toBe(3);
  });

  it('waits for its time in the next process too, has one time limit, and can be cancelled', async () => {
    const old = await startRetried();
    const beginFailing = async (): Promise<logged.WireRun> => {
      process.upstream.next(scriptStream('Noted')).next(DOWN);
      return waitForRetry(old, (await logged.beginRun(old, { model: 'test' })).id);
    };
    const { id, run_at: runAt } = await beginFailing();
    const other = await beginFailing();
    expect((await logged.callRun(old, 'POST', `${other.id}/cancel`)).json).toMatchObject({ status: 'cancelled' });
    const next = await startRetried();
    expect(await logged.readRun(next, id)).toMatchObject({ status: 'queued', run_at: runAt, attempts: 1 });
    const door = steps.gate();
    process.upstream.next(scriptStream(['Who', door, 'le']));
    clock.leap(60_000);
    await door.reached;
    clock.leap(HOUR_MS);
    door.open();
    expect(await logged.endRun(next, id)).toMatchObject({
      status: 'failed',
      attempts: 2,
      error: { code: 'run_timeout' },
    });
    expect(countRequests()).toBe(5);
  });
});
