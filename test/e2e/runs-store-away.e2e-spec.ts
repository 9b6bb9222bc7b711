import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RunService } from '../../src/runs/index.js';
import { RunLogStore } from '../../src/runs/store/run-log-store.js';
import { beginResponse, callResponse } from '../support/background-client.js';
import { GOES_ON, retrieveCompletion } from '../support/completion-client.js';
import { eventually } from '../support/eventually.js';
import { LeapingClock } from '../support/leaping-clock.js';
import { LoggedBench } from '../support/logged-bench.js';
import { askRun, beginRun, callRun, endRun, readRun } from '../support/runs-client.js';
import { canMount, SmallDisk } from '../support/small-disk.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';

/** Longer than both a cancelling request and the run itself wait for the store, in milliseconds. */
const SHORT_MS = 3_000;
const LONG_MS = 11_000;

describe('a run whose store takes nothing any more', () => {
  let clock: LeapingClock;
  let bench: LoggedBench;
  beforeEach(async () => {
    clock = new LeapingClock();
    bench = await LoggedBench.start({}, [], { clock });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await bench.close();
  });

  /** Makes writes fail, as on a full disk; reads still work. */
  const fillDisk = () =>
    jest
      .spyOn(bench.app.nest.get(RunLogStore, { strict: false }), 'append')
      .mockRejectedValue(new Error('database or disk is full'));

  it('lets a cancel report that the store is away, not that the run has ended, and keeps the cancel', async () => {
    const door = gate();
    bench.upstream.always(scriptStream(['Hel', door, 'lo']));
    const { id } = await beginRun(bench.app);
    const { id: response } = await beginResponse(bench.app);
    await eventually(() => bench.upstream.requests.length === 2);
    const disk = fillDisk();
    // In the first case the process gives its runs up; in the second they cannot store their end.
    for (const ms of [LONG_MS, SHORT_MS]) {
      const failures = disk.mock.calls.length;
      const responses = [
        callRun(bench.app, 'POST', `${id}/cancel`),
        callResponse(bench.app, 'POST', `${response}/cancel`),
      ];
      await eventually(() => disk.mock.calls.length > failures);
      clock.leap(ms);
      for (const { status, headers, json } of await Promise.all(responses)) {
        expect([status, json]).toMatchObject([503, { error: { code: 'store_unavailable' } }]);
        expect(headers['retry-after']).toBe('2');
      }
    }
    disk.mockRestore();
    expect((await endRun(bench.app, id)).status).toBe('cancelled');
    expect((await callRun(bench.app, 'POST', `${id}/cancel`)).status).toBe(200);
    const words = bench.lines('Runs').map(({ message }) => message);
    expect(words.join('\n')).toMatch(/^Runs were left while the store was away: [12] continue, 0 that waited begin$/m);
    expect(words.join('\n')).not.toContain('their process');
  });

  it.each([
    [
      'tells the client that waits for its completion where that can be read, and not to ask for another',
      {},
      undefined,
    ],
    ['lets a request with a key be repeated', { 'idempotency-key': 'order-1' }, '2'],
  ])('%s', async (_, headers, retryAfter) => {
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo'])).next(scriptStream('Hello'));
    const response = bench.ask({}, { ...GOES_ON, ...headers });
    await door.reached;
    const disk = fillDisk();
    door.open();
    await eventually(() => disk.mock.calls.length > 1);
    clock.leap(LONG_MS);
    const left = await response;
    expect([left.status, left.json]).toMatchObject([503, { error: { code: 'store_unavailable' } }]);
    expect(left.headers['retry-after']).toBe(retryAfter);
    expect(left.headers['x-should-retry']).toBe(retryAfter === undefined ? 'false' : undefined);
    expect(await bench.accessLine()).toMatchObject({ outcome: 'overloaded' });
    disk.mockRestore();
    const id = findCompletion(left.text);
    const whole = await eventually(async () => {
      const later = await retrieveCompletion(bench.app, id);
      return later.status === 200 ? later : undefined;
    });
    expect(whole.json).toMatchObject({ id, choices: [{ message: { content: 'Hello' } }] });
  });

  it('is not the reason when the server shuts down, and the completion can be read later, too', async () => {
    const door = gate();
    bench.upstream.next(scriptStream(['Hel', door, 'lo']));
    const response = bench.ask({}, GOES_ON);
    await door.reached;
    const { id } = await beginRunThatWaits();
    await bench.app.get(RunService).drain(0);
    const left = await response;
    expect([left.status, left.json]).toMatchObject([503, { error: { code: 'server_shutting_down' } }]);
    expect(left.headers['x-should-retry']).toBe('false');
    expect(findCompletion(left.text)).toMatch(/^chatcmpl-/);
    await eventually(() => bench.lines('Access').some(({ outcome }) => outcome === 'shutdown'));
    // A run that waits can be cancelled without a process that executes it.
    expect(await callRun(bench.app, 'POST', `${id}/cancel`)).toMatchObject({
      status: 200,
      json: { status: 'cancelled' },
    });
  });

  const beginRunThatWaits = () => beginRun(bench.app, { run_at: Math.floor(Date.now() / 1_000) + 3_600 });
});

function findCompletion(text: string): string {
  return /GET \/v1\/chat\/completions\/([\w-]+)/.exec(text)?.[1] ?? '';
}

// Where root may not mount a disk, as in some containers, only the cases above run.
(canMount ? describe : describe.skip)('a run whose disk is full', () => {
  it('continues as soon as there is room; meanwhile others are refused, and direct requests are served', async () => {
    const disk = SmallDisk.mount(4);
    const bench = await LoggedBench.start({ RUNS_DIR: disk.folder });
    try {
      const door = gate();
      bench.upstream.next(scriptStream(['Hel', door, 'lo']));
      const { id } = await beginRun(bench.app);
      await door.reached;
      await eventually(async () => (await readRun(bench.app, id)).status === 'running');
      bench.upstream.always(() => scriptStream('Hello'));
      await disk.fill();
      door.open();
      const refused = await askRun(bench.app, { input: 'long '.repeat(10_000) });
      expect(refused).toMatchObject({ status: 503, json: { error: { code: 'store_unavailable' } } });
      expect(refused.headers['retry-after']).toBeDefined();
      expect(await bench.ask()).toMatchObject({ status: 200 });
      await disk.clear();
      expect(await endRun(bench.app, id)).toMatchObject({ status: 'completed', output: 'Hello' });
      expect((await askRun(bench.app)).status).toBe(202);
    } finally {
      await bench.close();
      disk.unmount();
    }
  });
});

describe('a folder that cannot be written to', () => {
  it('is reported at the start if a workflow can wait for an answer', async () => {
    const bench = await LoggedBench.start({ RUNS_DIR: '/dev/null' });
    try {
      await eventually(() => bench.lines('Runs').length > 0);
      expect(bench.lines('Runs').map(({ level, message }) => [level, message])).toEqual([
        ['warn', 'RUNS_DIR cannot be written to: runs that wait for an answer end with this process (approval).'],
      ]);
    } finally {
      await bench.close();
    }
  });
});
