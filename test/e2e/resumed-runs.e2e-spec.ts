import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RunLogStore } from '../../src/runs/store/run-log-store.js';
import { agent } from '../../src/workflow/index.js';
import {
  FakeClock,
  makeOptionsModule,
  makeWiredModule,
  MetricsPage,
  RecordingTracer,
  TestApp,
} from '../support/bench.js';
import type { TestAppOptions, Wire } from '../support/bench.js';
import { eventually, readFrames } from '../support/checks.js';
import { CHAT, postJson } from '../support/client.js';
import { beginResponse, followResponse, readStream, retrieve } from '../support/background-client.js';
import {
  beginCompletion,
  followCompletion,
  GOES_ON,
  readUntil,
  retrieveCompletion,
} from '../support/completion-client.js';
import { LeapingClock } from '../support/leaping-clock.js';
import { beginRun, callRun, endRun, followRun, readEvents, readRun, type WireRun } from '../support/runs-client.js';
import { readOutputText } from '../support/response-rules.js';
import { responsesUrl } from '../support/responses-client.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { useStoreIn } from '../support/store-in-folder.js';
import { makeTemporaryFolder } from '../support/temporary-folder.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import { errorBody, gate, hangUp, httpError, role, text, usage } from '../support/upstream/steps.js';

const HOUR_MS = 3_600_000;

describe('a run that another process goes on with', () => {
  let folder: string;
  let upstream: ScriptedUpstream;
  let app: TestApp | undefined;
  beforeEach(async () => {
    folder = await makeTemporaryFolder('resumed');
    upstream = await ScriptedUpstream.start();
  });
  afterEach(async () => {
    await app?.close();
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Ends the application before, whose runs are let go of, and starts another one. */
  async function start(env: Readonly<Record<string, string>> = {}, more: TestAppOptions = {}): Promise<TestApp> {
    await app?.close();
    app = undefined;
    const settings = {
      OPENAI_BASE_URL: upstream.url,
      OPENAI_API_KEY: 'sk-test',
      RUNS_DIR: folder,
      SHUTDOWN_GRACE_MS: '0',
      ...env,
    };
    app = await TestApp.start({ ...more, env: settings });
    return app;
  }

  /** Begins a run and ends its application in the middle of it. */
  async function interrupt(...options: Parameters<typeof start>): Promise<string> {
    const first = await start(...options);
    const door = gate();
    upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await beginResponse(first);
    await eventually(async () => (await retrieve(first, id)).output.length === 1);
    await first.close();
    app = undefined;
    door.open();
    return id;
  }

  it('continues its trace', async () => {
    const [before, after] = [new RecordingTracer(), new RecordingTracer()];
    const id = await interrupt({}, { tracer: before });
    upstream.next(scriptStream('Hello'));
    const next = await start({}, { tracer: after });
    await followResponse(next, id);
    const [begun, continued] = [before, after].map(({ traces }) => traces[0]);
    expect(continued?.start).toMatchObject({ name: 'chat', continues: begun?.id });
    expect(continued?.start.metadata).toEqual(begun?.start.metadata);
  });

  it('has in its trace all that it said, before it went on and after', async () => {
    const after = new RecordingTracer();
    const old = await start({}, { tracer: new RecordingTracer(), imports: [makeWiredModule(spoken)] });
    const door = gate();
    upstream.next(scriptStream('Good.')).next(scriptStream(['Hal', door, 'f']));
    const { id } = await beginResponse(old, { model: 'test' });
    await eventually(async () => (await retrieve(old, id)).output.length === 2);
    await old.close();
    app = undefined;
    door.open();
    upstream.next(scriptStream('Whole.'));
    const next = await start({}, { tracer: after, imports: [makeWiredModule(spoken)] });
    await followResponse(next, id);
    await eventually(() => after.traces[0]?.ending?.output !== undefined);
    expect(after.traces[0]?.ending).toMatchObject({ output: 'Good.\n\nWhole.' });
  });

  it('says in every form that more may have been used than is known', async () => {
    const old = await start();
    const doors = [gate(), gate()] as const;
    for (const door of doors) upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await beginResponse(old);
    await eventually(async () => (await retrieve(old, id)).output.length === 1);
    const stream = await beginCompletion(old, GOES_ON, { stream_options: { include_usage: true } });
    const run = String(stream.headers['millrace-run-id']);
    const { id: completion } = await readUntil(stream, 'Hel');
    await old.close();
    app = undefined;
    for (const door of doors) door.open();
    upstream.always(() => scriptStream('Hello', { usage: tokens(3, 4) }));
    const next = await start();
    const told = { usage_incomplete: true, usage: tokens(3, 4) };
    expect(readStream((await followResponse(next, id)).text).response).toMatchObject({
      usage_incomplete: true,
      usage: { total_tokens: 7 },
    });
    const chunks = await followCompletion(next, completion);
    expect(readFrames(chunks.text).flatMap((item) => ('json' in item ? [item.json] : []))).toContainEqual(
      expect.objectContaining({ choices: [], ...told }),
    );
    expect((await retrieveCompletion(next, completion)).json).toMatchObject(told);
    expect(await readRun(next, run)).toMatchObject(told);
    expect(readEvents((await followRun(next, run)).text).at(-1)).toMatchObject(told);
    expect((await postJson(next.chatUrl, CHAT, GOES_ON)).text).not.toContain('usage_incomplete');
  });

  it('is told of by its status where its stream had not begun', async () => {
    const old = await start();
    const door = gate();
    upstream.next([door, ...scriptStream('Hello')]);
    const asked = postJson(old.chatUrl, { ...CHAT, stream: true }, GOES_ON);
    await door.reached;
    await old.close();
    app = undefined;
    door.open();
    const { status, json, headers } = await asked;
    expect([status, json]).toMatchObject([503, { error: { code: 'server_shutting_down' } }]);
    expect(headers['x-should-retry']).toBe('false');
    expect(JSON.stringify(json)).toMatch(/GET \/v1\/chat\/completions\/chatcmpl-/);
  });

  it('counts in the limits of its caller as before, and is charged once', async () => {
    const headers = { authorization: 'Bearer sk-ann-0123456789abcdef' };
    const env = { API_KEYS: 'sk-ann-0123456789abcdef', LIMIT_TOKENS_PER_MINUTE: '1000', LIMIT_CONCURRENT_STREAMS: '1' };
    const first = await start(env);
    const doors = [gate(), gate()];
    upstream.next(scriptStream(['Hel', doors[0]!, 'lo']));
    const { id } = await beginResponse(first, {}, headers);
    await doors[0]!.reached;
    upstream.next(scriptStream(['Hel', doors[1]!, 'lo'], { usage: tokens(100, 20) })).next(scriptStream('Hi'));
    const next = await start(env);
    doors[0]!.open();
    await doors[1]!.reached;
    const ask = () => postJson(responsesUrl(next), { model: 'chat', input: 'Hi' }, headers);
    expect((await ask()).status).toBe(429);
    doors[1]!.open();
    await followResponse(next, id, '', headers);
    expect((await ask()).headers['x-ratelimit-remaining-tokens']).toBe('880');
  });

  it('has one limit of time, for what all processes have worked on it', async () => {
    const id = await interrupt();
    const clock = new FakeClock(Date.now());
    await useStoreIn(
      folder,
      async (logs) => {
        const run = await logs.find(id, 'anybody');
        const attempt = { id: run?.id ?? '', epoch: (await logs.claim(run?.id ?? '', 'w'))?.run.epoch ?? 0 };
        clock.advance(HOUR_MS - 500 - (run?.activeMs ?? 0));
        await logs.release([attempt]);
      },
      clock,
    );
    const door = gate();
    upstream.next(scriptStream(['Hel', door, 'lo']));
    const next = await start();
    const { error } = readStream((await followResponse(next, id)).text);
    expect(error?.message).toBe('The workflow did not finish within the time this server allows for one run.');
    door.open();
  });

  const first = agent({ instructions: 'First' });
  const second = agent({ instructions: 'Second' });
  const before: Wire = (flow, { messages }) => {
    const noted = flow.ask(first, { messages }, { key: 'first' });
    return flow.stream(second, { messages: noted }, { key: 'second' });
  };
  const withMore: Wire = (flow, { messages }) => {
    const noted = flow.ask(first, { messages }, { key: 'first' });
    const said = flow.stream(second, { messages: noted }, { key: 'second' });
    return flow.stream(second, { messages: said }, { key: 'third' });
  };
  const spoken: Wire = (flow, { messages }) => {
    const said = flow.stream(first, { messages }, { key: 'first' });
    return flow.stream(second, { messages: said }, { key: 'second' });
  };

  /** Ends the application while the second step of the workflow speaks, and starts one whose workflow is wired in another way. */
  async function change(wire: Wire, onChange: 'resume' | 'fail' | undefined): Promise<ReturnType<typeof readStream>> {
    const options = onChange === undefined ? {} : { onChange };
    const old = await start({}, { imports: [makeOptionsModule(options, before)] });
    const door = gate();
    upstream.next(scriptStream('Noted')).next(scriptStream(['Hal', door, 'f']));
    const { id } = await beginResponse(old, { model: 'test' });
    await door.reached;
    await old.close();
    app = undefined;
    door.open();
    upstream.always(({ body }) => scriptStream(JSON.stringify(body).includes('Whole') ? 'And more' : 'Whole'));
    const next = await start({}, { imports: [makeOptionsModule(options, wire)] });
    return readStream((await followResponse(next, id)).text);
  }

  it('goes on if its workflow has changed and all that had finished is as it was', async () => {
    const { response } = await change(withMore, undefined);
    expect([response.status, readOutputText(response)]).toEqual(['completed', 'Whole\n\nAnd more']);
  });

  it('runs a step once more that had finished and is another one now', async () => {
    const { response } = await change(spoken, undefined);
    expect([response.status, readOutputText(response)]).toEqual(['completed', 'Whole\n\nAnd more']);
    expect(upstream.requests).toHaveLength(4);
  });

  it('fails, whatever has changed in its workflow, where that says so', async () => {
    const { response, error } = await change(withMore, 'fail');
    expect(response.status).toBe('failed');
    expect(error?.message).toMatch(/the workflow "test" has changed or is gone since/);
    expect(upstream.requests).toHaveLength(2);
  });

  it('fails, and leaves alone what must not be done twice, if that was at work; what had not begun is done', async () => {
    const paid: string[] = [];
    let pay: (() => void) | undefined;
    const wire: Wire = (flow, { messages }) => {
      const noted = flow.ask(first, { messages }, { key: 'first' });
      return flow.run(
        'pay',
        { noted },
        async (_, { idempotencyKey, attempt }) => {
          paid.push(`${idempotencyKey} ${attempt}`);
          await new Promise<void>((resolve) => (pay = resolve));
          return 'Paid';
        },
        { onInterruption: 'fail' },
      );
    };
    const door = gate();
    upstream.next(scriptStream(['Not', door, 'ed'])).always(scriptStream('Noted'));
    const old = await start({}, { imports: [makeWiredModule(wire)] });
    const { id } = await beginRun(old, { model: 'test' });
    await door.reached;
    const second = await start({}, { imports: [makeWiredModule(wire)] });
    door.open();
    await eventually(() => paid.length > 0);
    expect(paid).toEqual([`${id}/pay 2`]);
    await second.close();
    app = undefined;
    pay?.();
    const run = await endRun(await start({}, { imports: [makeWiredModule(wire)] }), id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'interrupted', type: 'server_error' } });
    expect(paid).toHaveLength(1);
  });

  describe('after it has failed, if its workflow asks for that', () => {
    /** Two agents, the second one visible. */
    const retried = (retries: number, wire: Wire = before) =>
      makeOptionsModule({ background: { retries, retryDelay: '1m' } }, wire);
    let clock: LeapingClock;
    const startRetried = async (retries = 2, wire?: Wire): Promise<TestApp> => {
      clock = new LeapingClock();
      return start({ UPSTREAM_MAX_RETRIES: '0' }, { clock, imports: [retried(retries, wire)] });
    };
    const DOWN = httpError(503, errorBody('Down'));
    const waitForRetry = (of: TestApp, id: string): Promise<WireRun> =>
      eventually(async () => {
        const run = await readRun(of, id);
        return run.status === 'queued' && Number(run.run_at) > Number(run.created_at) ? run : undefined;
      });
    const countRequests = (): number => upstream.requests.length;

    it('tells all readers what is void, goes on with what had finished, and counts all that was used', async () => {
      const door = await startRetried();
      const breakOff = [role(), text('Half'), usage(tokens(3, 1)), hangUp()];
      upstream.next(scriptStream('Noted', { usage: tokens(5, 5) })).next(breakOff);
      const { id } = await beginRun(door, { model: 'test' });
      const stream = followRun(door, id);
      const { run_at: runAt, attempts } = await waitForRetry(door, id);
      expect([attempts, Number(runAt) - clock.now() / 1_000 > 40]).toEqual([1, true]);
      expect(await callRun(door, 'POST', `${id}/retry`)).toMatchObject({
        status: 409,
        json: { error: { code: 'run_not_finished' } },
      });
      upstream.next(scriptStream('Whole', { usage: tokens(7, 2) }));
      clock.leap(60_000);
      const run = await endRun(door, id);
      expect(run).toMatchObject({ status: 'completed', output: 'Whole', attempts: 2, usage: tokens(15, 8) });
      expect(countRequests()).toBe(3);
      const events = readEvents((await stream).text);
      const types = events.map(({ type }) => type);
      expect(types.slice(types.indexOf('delta') + 1)).toEqual([
        'node-failed',
        'run-retrying',
        'run-resumed',
        'node-restarted',
        'node-started',
        'model-identified',
        'delta',
        'node-finished',
        'run-finished',
      ]);
      const half = events.find(({ type }) => type === 'delta')?.n;
      expect(events.find(({ type }) => type === 'node-restarted')).toMatchObject({ from: half, to: half });
      expect(events.find(({ type }) => type === 'run-resumed')).toMatchObject({ epoch: 2 });
      expect(events.find(({ type }) => type === 'run-retrying')).toMatchObject({
        error: { code: 'upstream_connection_lost', node: 'second' },
        retry_at: runAt,
      });
      const page = await MetricsPage.of(door.url);
      expect(page.sum('millrace_run_retries_total', { workflow: 'test' })).toBe(1);
      expect(page.sum('millrace_run_resumptions_total', { workflow: 'test' })).toBe(0);
      expect(page.sum('millrace_run_duration_seconds_count', { workflow: 'test', outcome: 'retrying' })).toBe(1);
    });

    it('ends once, as the completion or the response that it was asked for', async () => {
      const door = await startRetried();
      const fail = (): unknown => upstream.next(scriptStream('Noted')).next(DOWN);
      const doors = [
        () => postJson(door.chatUrl, { ...CHAT, model: 'test' }, GOES_ON),
        () => postJson(door.chatUrl, { ...CHAT, model: 'test', stream: true }, GOES_ON),
        async () => followResponse(door, (await beginResponse(door, { model: 'test' })).id),
      ];
      for (const ask of doors) {
        const earlier = countRequests();
        fail();
        const answer = ask();
        await eventually(() => countRequests() === earlier + 2);
        const { data } = (await callRun(door, 'GET', '?limit=1')).json as { data: [WireRun] };
        await waitForRetry(door, data[0].id);
        upstream.next(scriptStream('Whole'));
        clock.leap(60_000);
        const { status, text } = await answer;
        expect([status, text.includes('Whole'), /"error":\s?\{|run_restarted/.test(text)]).toEqual([200, true, false]);
        expect(text.match(/"finish_reason":\s?"stop"|event: response\.completed/g)).toHaveLength(1);
      }
    });

    it('fails in the end, and at once where another try cannot help', async () => {
      const paid: string[] = [];
      const pays: Wire = (flow, { messages }) => {
        const noted = flow.ask(first, { messages }, { key: 'first' });
        const pay = (): string => {
          paid.push('once');
          throw new Error('Not again');
        };
        return flow.run('pay', { noted }, pay, { onInterruption: 'fail' });
      };
      const door = await startRetried();
      upstream.next(scriptStream('Noted')).next(DOWN);
      const { id } = await beginRun(door, { model: 'test' });
      for (const attempts of [1, 2]) {
        expect((await waitForRetry(door, id)).attempts).toBe(attempts);
        upstream.next(DOWN);
        clock.leap(120_000);
        await eventually(async () => (await readRun(door, id)).attempts !== attempts);
      }
      const run = await endRun(door, id);
      expect(run).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'upstream_error', node: 'second' } });
      const ends = readEvents((await followRun(door, id)).text).filter(({ type }) => /run-f|retrying/.test(type));
      expect(ends.map(({ type }) => type)).toEqual(['run-retrying', 'run-retrying', 'run-failed']);
      upstream.next(scriptStream('Noted')).next(httpError(400, errorBody('No', { type: 'invalid_request_error' })));
      const refused = await beginRun(door, { model: 'test' });
      expect(await endRun(door, refused.id)).toMatchObject({ status: 'failed', attempts: 1 });
      // Nobody asked for a run that is kept.
      upstream.next(scriptStream('Noted')).next(DOWN);
      expect((await postJson(door.chatUrl, { ...CHAT, model: 'test' })).status).toBeGreaterThanOrEqual(500);
      const other = await startRetried(2, pays);
      upstream.next(scriptStream('Noted'));
      const once = await beginRun(other, { model: 'test' });
      expect(await endRun(other, once.id)).toMatchObject({ status: 'failed', error: { code: 'internal_error' } });
      expect(paid).toEqual(['once']);
    });

    it('keeps to its pause though that could not be kept', async () => {
      const door = await startRetried();
      // As with a store that is away at that moment, or a process that dies then.
      const release = jest
        .spyOn(door.nest.get(RunLogStore, { strict: false }), 'release')
        .mockRejectedValueOnce(new Error('database or disk is full'));
      upstream.next(scriptStream('Noted')).next(DOWN);
      const { id } = await beginRun(door, { model: 'test' });
      await eventually(() => release.mock.calls.length > 0);
      await waitForRetry(door, id);
      expect(countRequests()).toBe(2);
      upstream.next(scriptStream('Whole'));
      clock.leap(60_000);
      expect(await endRun(door, id)).toMatchObject({ status: 'completed', attempts: 2, output: 'Whole' });
      expect(countRequests()).toBe(3);
    });

    it('waits for its time in the next process too, has one limit of time, and can be cancelled', async () => {
      const old = await startRetried();
      const beginFailing = async (): Promise<WireRun> => {
        upstream.next(scriptStream('Noted')).next(DOWN);
        return waitForRetry(old, (await beginRun(old, { model: 'test' })).id);
      };
      const { id, run_at: runAt } = await beginFailing();
      const other = await beginFailing();
      expect((await callRun(old, 'POST', `${other.id}/cancel`)).json).toMatchObject({ status: 'cancelled' });
      const next = await startRetried();
      expect(await readRun(next, id)).toMatchObject({ status: 'queued', run_at: runAt, attempts: 1 });
      const door = gate();
      upstream.next(scriptStream(['Who', door, 'le']));
      clock.leap(60_000);
      await door.reached;
      clock.leap(HOUR_MS);
      door.open();
      expect(await endRun(next, id)).toMatchObject({
        status: 'failed',
        attempts: 2,
        error: { code: 'run_timeout' },
      });
      expect(countRequests()).toBe(5);
    });
  });
});
