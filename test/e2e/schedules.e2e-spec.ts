import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestApp, type TestAppOptions } from '../support/app.js';
import { catchDefinitionError } from '../support/definition-error.js';
import { eventually } from '../support/eventually.js';
import { getJson, type HttpResponse, readResponse, send } from '../support/http-client.js';
import { LeapingClock } from '../support/leaping-clock.js';
import { LogCapture } from '../support/log-capture.js';
import { endRun, followRun, readEvents, runUrl } from '../support/runs-client.js';
import { makeOptionsModule, type Wire } from '../support/workflow-kit.js';
import { ANN, ANN_KEY, BOB, BOB_KEY, hashKey, makeBearer } from '../support/callers.js';

const HOUR_MS = 3_600_000;
const OPS_KEY = 'sk-mr-of-ops-0123456789abcdef';
const OPS = makeBearer(OPS_KEY);
const NAMED_KEYS = `ann=${hashKey(ANN_KEY)},bob=${hashKey(BOB_KEY)},schedules=${hashKey(OPS_KEY)}`;

/** A clock that begins at another time. */
class ClockAt extends LeapingClock {
  readonly #ahead: number;

  constructor(time: string) {
    super();
    this.#ahead = Date.parse(time) - Date.now();
  }

  override now(): number {
    return super.now() + this.#ahead;
  }
}

/** Writes the messages that it got. */
const echo: Wire = (flow, { messages }) =>
  flow.run('echo', { messages }, ({ messages: asked }) => JSON.stringify(asked));

describe('schedules', () => {
  let folder: string;
  let clock: ClockAt;
  let apps: TestApp[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-schedules-'));
    clock = new ClockAt('2027-03-27T12:00:00Z');
    apps = [];
  });
  afterEach(async () => {
    for (const app of apps) await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(
    options: Parameters<typeof makeOptionsModule>[0] = {},
    more: TestAppOptions = {},
  ): Promise<TestApp> {
    const imports = [makeOptionsModule(options, echo)];
    const app = await TestApp.start({ clock, imports, ...more, env: { RUNS_DIR: folder, ...more.env } });
    apps.push(app);
    return app;
  }

  async function stop(app: TestApp): Promise<void> {
    apps = apps.filter((other) => other !== app);
    await app.close();
  }

  function call(
    app: TestApp,
    method: 'GET' | 'PUT' | 'DELETE' | 'POST',
    id: string,
    body?: object,
    headers = {},
  ): Promise<HttpResponse> {
    const path = id === '' ? '' : `/${id}`;
    return send(method, `${app.baseUrl}/schedules${path}`, body, { headers }).response.then(readResponse);
  }

  const daily = { model: 'test', input: 'Good morning', pattern: '30 2 * * *', timezone: 'Europe/Berlin' };

  /** Ids and metadata of all runs, the oldest first. */
  async function listRuns(
    app: TestApp,
    headers = {},
  ): Promise<readonly { id: string; metadata: Record<string, string> }[]> {
    const { json } = await getJson(`${runUrl(app)}?order=asc&limit=100`, headers);
    return (json as { data: { id: string; metadata: Record<string, string> }[] }).data;
  }

  async function waitForRuns(app: TestApp, count: number, headers = {}): Promise<readonly (string | undefined)[]> {
    await eventually(async () => (await listRuns(app, headers)).length >= count);
    return (await listRuns(app, headers)).map(({ metadata }) => metadata['scheduled_at']);
  }

  it('begin a run each time, even on the day when clocks are put forward', async () => {
    const app = await start();
    const { status, json } = await call(app, 'PUT', 'morning', { ...daily, metadata: { team: 'a' }, priority: 7 });
    expect([status, json]).toMatchObject([
      200,
      {
        id: 'morning',
        object: 'schedule',
        source: 'api',
        paused: false,
        next_run_at: Date.parse('2027-03-28T01:30:00Z') / 1_000,
      },
    ]);
    clock.leap(13 * HOUR_MS);
    expect(await listRuns(app)).toEqual([]);
    clock.leap(HOUR_MS);
    expect(await waitForRuns(app, 1)).toEqual(['2027-03-28T01:30:00.000Z']);
    // Its next time is an hour earlier in UTC, because daylight saving time has begun.
    expect((await call(app, 'GET', 'morning')).json).toMatchObject({
      next_run_at: Date.parse('2027-03-29T00:30:00Z') / 1_000,
    });
    clock.leap(23 * HOUR_MS);
    expect(await waitForRuns(app, 2)).toEqual(['2027-03-28T01:30:00.000Z', '2027-03-29T00:30:00.000Z']);
  });

  it('begin runs like any other', async () => {
    const app = await start();
    await call(app, 'PUT', 'morning', { ...daily, metadata: { team: 'a' }, priority: 7 });
    clock.leap(14 * HOUR_MS);
    await waitForRuns(app, 1);
    const [first] = await listRuns(app);
    const run = await endRun(app, first!.id);
    expect(run).toMatchObject({
      status: 'completed',
      model: 'test',
      priority: 7,
      output: '[{"role":"user","content":"Good morning"}]',
    });
    expect(run['metadata']).toEqual({ team: 'a', schedule: 'morning', scheduled_at: '2027-03-28T01:30:00.000Z' });
    expect(readEvents((await followRun(app, run.id)).text).at(-1)).toMatchObject({ type: 'run-finished' });
  });

  it('make up for times at which no process ran with one run', async () => {
    const options = { schedules: [{ name: 'hourly', pattern: '0 * * * *', input: 'Tick' }] };
    const first = await start(options);
    await eventually(async () => (await call(first, 'GET', 'test%2Fhourly')).status === 200);
    await stop(first);
    clock.leap(5 * HOUR_MS);
    const second = await start(options);
    expect(await waitForRuns(second, 1)).toEqual(['2027-03-27T13:00:00.000Z']);
    await eventually(async () => {
      const { json } = await call(second, 'GET', 'test%2Fhourly');
      return (json as { next_run_at?: unknown })['next_run_at'] === Date.parse('2027-03-27T18:00:00Z') / 1_000;
    });
    clock.leap(HOUR_MS);
    expect(await waitForRuns(second, 2)).toEqual(['2027-03-27T13:00:00.000Z', '2027-03-27T18:00:00.000Z']);
    // The third release of the workflow has no schedule.
    await stop(second);
    const third = await start();
    clock.leap(2 * HOUR_MS);
    await eventually(async () => (await call(third, 'GET', 'test%2Fhourly')).status === 404);
    expect(await listRuns(third)).toHaveLength(2);
  });

  it('are paused, replaced and removed, and begin nothing then', async () => {
    const app = await start();
    await call(app, 'PUT', 'a', { ...daily, pattern: '0 * * * *' });
    await call(app, 'PUT', 'b', { ...daily, pattern: '0 * * * *' });
    expect((await call(app, 'PUT', 'a', { ...daily, pattern: '0 * * * *', paused: true })).json).toMatchObject({
      paused: true,
      next_run_at: null,
    });
    expect((await call(app, 'DELETE', 'b')).json).toEqual({ id: 'b', object: 'schedule', deleted: true });
    expect((await call(app, 'DELETE', 'b')).status).toBe(404);
    expect((await call(app, 'GET', '')).json).toMatchObject({ object: 'list', data: [{ id: 'a', paused: true }] });
    clock.leap(HOUR_MS);
    await call(app, 'PUT', 'a', { ...daily, pattern: '0 * * * *' });
    clock.leap(HOUR_MS);
    expect(await waitForRuns(app, 1)).toEqual(['2027-03-27T14:00:00.000Z']);
  });

  it('belong to their keys, those of workflows to the key called schedules', async () => {
    const options = { schedules: [{ name: 'hourly', pattern: '0 * * * *', input: 'Tick' }] };
    const app = await start(options, { env: { API_KEYS: NAMED_KEYS } });
    expect((await call(app, 'PUT', 'mine', daily, ANN)).status).toBe(200);
    expect((await call(app, 'GET', 'mine', undefined, BOB)).status).toBe(404);
    expect((await call(app, 'DELETE', 'mine', undefined, BOB)).status).toBe(404);
    await eventually(async () => (await call(app, 'GET', 'test%2Fhourly', undefined, OPS)).status === 200);
    expect((await call(app, 'DELETE', 'test%2Fhourly', undefined, OPS)).json).toMatchObject({
      error: { code: 'schedule_of_workflow' },
    });
    clock.leap(HOUR_MS);
    expect(await waitForRuns(app, 1, OPS)).toHaveLength(1);
    expect(await listRuns(app, ANN)).toEqual([]);
  });

  it('are limited to 100 for each key; their runs wait for its limits without blocking others', async () => {
    const limits = { LIMIT_QUEUED_RUNS: '1', LIMIT_CONCURRENT_STREAMS: '1' };
    let open!: (word: string) => void;
    const door = new Promise<string>((resolve) => (open = resolve));
    const imports = [makeOptionsModule({}, (flow) => flow.run('wait', {}, () => door))];
    const app = await start({}, { imports, env: { API_KEYS: NAMED_KEYS, ...limits } });
    for (let made = 0; made < 100; made++) {
      expect((await call(app, 'PUT', `n${made}`, daily, ANN)).status).toBe(200);
    }
    expect((await call(app, 'PUT', 'one-more', daily, ANN)).json).toMatchObject({
      error: { code: 'too_many_schedules' },
    });
    expect((await call(app, 'PUT', 'n7', daily, ANN)).status).toBe(200);
    expect((await call(app, 'PUT', 'n7', { ...daily, input: 'x'.repeat(70_000) }, ANN)).json).toMatchObject({
      error: { code: 'schedule_too_large' },
    });
    await call(app, 'PUT', 'his', daily, BOB);
    clock.leap(14 * HOUR_MS);
    expect(await waitForRuns(app, 1, BOB)).toEqual(['2027-03-28T01:30:00.000Z']);
    expect(await listRuns(app, ANN)).toHaveLength(2);
    open('Open');
  });

  it('begin nothing while their key is not valid, and say so; they continue when it is valid again', async () => {
    const file = join(folder, 'keys.json');
    const write = (expires: string): Promise<void> => {
      const keys = [
        { name: 'ann', hash: hashKey(ANN_KEY), expires },
        { name: 'bob', hash: hashKey(BOB_KEY) },
      ];
      return writeFile(file, JSON.stringify(keys));
    };
    await write('2027-03-27T13:30Z');
    const log = new LogCapture();
    try {
      const env = { API_KEYS_FILE: file, LOG_FORMAT: 'json', LOG_LEVEL: 'debug' };
      const first = await start({}, { env });
      for (const headers of [ANN, BOB]) await call(first, 'PUT', 'hourly', { ...daily, pattern: '0 * * * *' }, headers);
      clock.leap(HOUR_MS);
      await waitForRuns(first, 1, ANN);
      for (const count of [2, 3]) {
        clock.leap(HOUR_MS);
        await waitForRuns(first, count, BOB);
      }
      const said = log.lines('Schedules').filter(({ message }) => /key:ann begins no run/.test(String(message)));
      expect(said.map(({ message }) => message)).toEqual([expect.stringContaining('no longer valid')]);
      await stop(first);

      await write('2028-01-01');
      const second = await start({}, { env });
      expect((await call(second, 'GET', 'hourly', undefined, ANN)).json).toMatchObject({
        last_error: { code: 'invalid_api_key' },
      });
      clock.leap(HOUR_MS);
      expect(await waitForRuns(second, 2, ANN)).toEqual(['2027-03-27T13:00:00.000Z', '2027-03-27T16:00:00.000Z']);
      await eventually(async () => {
        const { json } = await call(second, 'GET', 'hourly', undefined, ANN);
        return (json as { last_error: unknown }).last_error === null;
      });
      await stop(second);
    } finally {
      log.stop();
    }
  });

  it.each([
    ['a pattern that is none', 'a', { pattern: 'daily' }, 'pattern'],
    ['a time zone that is none', 'a', { timezone: 'Mars/Olympus' }, 'timezone'],
    ['no pattern', 'a', { pattern: undefined }, 'pattern'],
    ['a time of its own', 'a', { run_at: 1 }, 'run_at'],
    ['an id with spaces', 'a%20b', {}, 'id'],
    ['nothing that is asked', 'a', { input: undefined }, 'input'],
    ['a workflow that there is not', 'a', { model: 'none' }, 'model'],
  ])('are refused with %s', async (_, id, change, param) => {
    const { status, json } = await call(await start(), 'PUT', id, { ...daily, ...change });
    expect([status, json]).toMatchObject([param === 'model' ? 404 : 400, { error: { param } }]);
  });

  it('are refused where RUNS is off', async () => {
    const app = await start({}, { env: { RUNS: 'off' } });
    expect((await call(app, 'PUT', 'a', daily)).json).toMatchObject({ error: { code: 'runs_disabled' } });
    expect((await call(app, 'GET', '')).json).toMatchObject({ error: { code: 'runs_disabled' } });
  });

  it('stop the start if a workflow declares one that cannot work, each with what to do', async () => {
    const schedules = [
      { name: 'a', pattern: '0 * * *', input: 'x' },
      { name: 'a', pattern: '0 * * * *', input: 'x' },
      { name: 'b', pattern: '0 * * * *', timezone: 'Berlin', input: 'x' },
      { name: 'c', pattern: '0 * * * *' } as never,
    ];
    const unusable = { tools: [{ type: 'function', function: { name: 'f' } }] };
    const { faults } = await catchDefinitionError(makeOptionsModule({ schedules }, echo));
    expect(faults.map(({ code, message }) => [code, message])).toEqual([
      ['invalid_schedule', expect.stringContaining('"0 * * *" does not have the five fields of cron')],
      ['invalid_schedule', expect.stringContaining('another one of this workflow has the same name')],
      ['invalid_schedule', expect.stringContaining('"Berlin" is not a time zone')],
      ['invalid_schedule', expect.stringContaining('either an input or messages')],
    ]);
    expect(faults[0]?.fix).toContain('@Workflow({ schedules:');
    const asked = { schedules: [{ name: 'a', pattern: '0 * * * *', input: 'x', parameters: unusable }] };
    expect((await catchDefinitionError(makeOptionsModule(asked, echo))).faults).toMatchObject([
      { code: 'invalid_schedule', message: expect.stringContaining('does not support `tools`') },
    ]);
  });
});
