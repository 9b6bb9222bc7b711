import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { AppendVerdict, LogBatch } from '../store/log-batch.js';
import { LogFollower } from './log-follower.js';
import { LogWriter } from './log-writer.js';
import type { LoggedEvent } from './logged-event.js';
import { MetricsPage } from '../../../test/support/metrics-page.js';
import { Instruments } from '../../metrics/instruments.js';
import { OpenLog } from './open-log.js';
import { readEnding } from './run-recorder.js';

const KEPT: AppendVerdict = { isKept: true, isCancelled: false };

let clock: FakeClock;
let batches: (readonly LogBatch[])[];
let commitBatches: (batches: readonly LogBatch[]) => Promise<readonly AppendVerdict[]>;
let lost: string[];
let cancelled: string[];
let reads: number;
let writer: LogWriter;

let instruments: Instruments;
beforeEach(() => {
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  clock = new FakeClock();
  batches = [];
  lost = [];
  instruments = new Instruments();
  cancelled = [];
  reads = 0;
  commitBatches = (sent) => Promise.resolve(sent.map(() => KEPT));
  const store = {
    append: (sent: readonly LogBatch[]) => {
      batches.push(sent);
      return commitBatches(sent);
    },
  };
  writer = new LogWriter(
    store as never,
    clock,
    ({ id }) => lost.push(id),
    ({ id }) => cancelled.push(id),
    instruments,
  );
});
afterEach(() => {
  jest.restoreAllMocks();
});

const open = (id = 'r'): OpenLog => new OpenLog({ id, length: 0, clock, onWrite: writer.write });

function say(log: OpenLog, text: string): void {
  log.write({ type: 'delta', seq: 0, node: 'n', delta: { type: 'content', text }, at: log.now() });
}

/** Lets everything happen that does not wait for the clock. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const readTexts = (events: readonly LoggedEvent[]): readonly string[] =>
  events.map((event) => (event.type === 'delta' && event.delta.type === 'content' ? event.delta.text : event.type));

function follow(log: OpenLog): LogFollower {
  return new LogFollower(
    {
      findOpen: () => log,
      read: () => {
        reads++;
        return Promise.resolve(undefined);
      },
      wait: () => ({ news: new Promise(() => undefined), isWatched: false, leave: () => undefined }),
      findQuietTime: () => undefined,
    },
    { id: log.id, from: 0 },
    () => undefined,
  );
}

describe('LogWriter', () => {
  it('commits the first event at once, and the events of all runs in the next 25 ms together', async () => {
    const [a, b] = [open('a'), open('b')];
    say(a, '1');
    await turn();
    expect(batches).toHaveLength(1);
    say(a, '2');
    say(b, '3');
    say(a, '4');
    await turn();
    expect(batches).toHaveLength(1);
    clock.advance(25);
    await turn();
    expect(batches[1]?.map(({ run, first, events }) => [run, first, events.length])).toEqual([
      ['b', 0, 1],
      ['a', 1, 2],
    ]);
  });

  it('commits the runs of a crowd in turn, each less often and with more events', async () => {
    const logs = Array.from({ length: 300 }, (_, place) => open(`r${place}`));
    for (let time = 0; time < 2_000; time += 5) {
      // Each says something each 50 ms.
      logs.forEach((log, place) => place % 10 === (time / 5) % 10 && say(log, `${time}`));
      await turn();
      clock.advance(5);
      await turn();
    }
    // From when each has begun.
    const later = batches.slice(20);
    const sizes = later.map(({ length }) => length);
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([50, 50]);
    const events = later.flatMap((sent) => sent.map((batch) => batch.events.length));
    expect([Math.min(...events), Math.max(...events)]).toEqual([3, 3]);
    for (const { length } of logs) expect(length).toBeGreaterThanOrEqual(36);
  });

  it('lets no run wait longer than 200 ms, however many write; first and awaited events do not wait', async () => {
    const logs = Array.from({ length: 700 }, (_, place) => open(`r${place}`));
    const lengths: (readonly number[])[] = [];
    for (let window = 0; window < 40; window++) {
      for (const log of logs) say(log, '1');
      await turn();
      clock.advance(25);
      await turn();
      lengths.push(logs.map((log) => log.length));
    }
    // The event of each window is there eight windows later, but for a commit that is on its way.
    lengths.slice(20).forEach((all, place) => expect(Math.min(...all)).toBeGreaterThanOrEqual(place + 20 - 8));
    for (const log of logs) say(log, '2');
    const fresh = open('fresh');
    say(fresh, '1');
    const awaited = logs.find((log) => lengths.at(-1)?.[logs.indexOf(log)] === 40) ?? fresh;
    const settled = awaited.settle();
    clock.advance(25);
    await turn();
    await settled;
    expect([fresh.length, awaited.length]).toEqual([1, 41]);
  });

  it('shows nothing before the store has it', async () => {
    const log = open();
    let commit: () => void = () => undefined;
    commitBatches = (sent) => new Promise((resolve) => (commit = () => resolve(sent.map(() => KEPT))));
    const follower = follow(log);
    let seen: unknown;
    void follower.next().then((events) => (seen = events));
    say(log, '1');
    await turn();
    expect([batches.length, log.length, seen]).toEqual([1, 0, undefined]);
    commit();
    await turn();
    expect([log.length, readTexts(seen as readonly LoggedEvent[])]).toEqual([1, ['1']]);
  });

  it('measures its commits, what they hold, and what the store refuses', async () => {
    commitBatches = (sent) => {
      clock.advance(20);
      return Promise.resolve(sent.map(({ run }) => ({ ...KEPT, isKept: run === 'a' })));
    };
    for (const id of ['a', 'b']) say(open(id), 'ü');
    await turn();
    const page = new MetricsPage(await instruments.registry.metrics());
    expect(page.sum('millrace_run_commit_duration_seconds_sum')).toBeCloseTo(0.02);
    expect(page.sum('millrace_fenced_commits_total')).toBe(1);
    expect(page.sum('millrace_run_log_bytes_total')).toBe(Buffer.byteLength(batches[0]?.[0]?.events[0] ?? ''));
  });

  it('sends the same again while the store fails, holds the run back, and loses nothing', async () => {
    const log = open();
    commitBatches = () => Promise.reject(new Error('full'));
    say(log, 'x'.repeat(200 * 1024));
    await turn();
    say(log, 'y'.repeat(100 * 1024));
    expect(log.gate.isOpen).toBe(false);
    clock.advance(500);
    await turn();
    expect(batches[1]).toEqual(batches[0]);
    commitBatches = (sent) => Promise.resolve(sent.map(() => KEPT));
    clock.advance(500);
    await turn();
    clock.advance(500);
    await turn();
    expect([log.length, log.gate.isOpen, lost]).toEqual([2, true, []]);
    expect(batches.at(-1)?.[0]?.first).toBe(1);
  });

  it('gives up runs when the store has failed for 10 s, and runs that the store refuses', async () => {
    const log = open();
    commitBatches = () => Promise.reject(new Error('full'));
    say(log, '1');
    for (let tries = 0; tries < 25 && lost.length === 0; tries++) {
      await turn();
      clock.advance(500);
    }
    expect([lost, log.ending]).toEqual([['r'], 'released']);
    commitBatches = () => Promise.resolve([{ isKept: false, isCancelled: false }]);
    const other = open('other');
    say(other, '1');
    clock.advance(500);
    await turn();
    expect([lost, other.ending]).toEqual([['r', 'other'], 'gone']);
  });

  it('serves a thousand readers at the end of a log without reading the store', async () => {
    const log = open();
    const seen = Array.from({ length: 1_000 }, (): string[] => []);
    const readers = seen.map(async (texts) => {
      const follower = follow(log);
      for (;;) {
        const events = await follower.next();
        if (typeof events === 'string') return events;
        texts.push(...readTexts(events));
      }
    });
    await turn();
    for (const text of ['1', '2', '3']) {
      say(log, text);
      await turn();
      clock.advance(25);
      await turn();
    }
    const last = { type: 'run-finished', seq: 9, finishReason: 'stop', at: log.now() } as const;
    log.write(last, { ending: readEnding(last, last.at) });
    await turn();
    clock.advance(25);
    expect(new Set(await Promise.all(readers))).toEqual(new Set(['over']));
    for (const texts of seen) expect(texts).toEqual(['1', '2', '3', 'run-finished']);
    expect(reads).toBe(0);
  });

  it('releases readers that leave while they wait', async () => {
    const follower = follow(open());
    const next = follower.next();
    follower.close();
    await expect(next).resolves.toBe('over');
  });
});
