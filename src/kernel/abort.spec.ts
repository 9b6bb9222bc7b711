import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '../../test/support/fake-clock.js';
import { rejectOnAbort, settleOrAbort } from './abort.js';

const reason = new Error('aborted');
const failure = new Error('failed');

/** A promise with its controls, and a signal with its own. */
function makeParts() {
  const controller = new AbortController();
  let resolve: (value: string) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<string>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return {
    promise,
    resolve,
    reject,
    signal: controller.signal,
    abort: () => controller.abort(reason),
    listeners: () => getEventListeners(controller.signal, 'abort').length,
  };
}

/** The promise's outcome so far. */
function watch(promise: Promise<unknown>): { outcome: unknown } {
  const seen: { outcome: unknown } = { outcome: 'pending' };
  promise.then(
    (value) => (seen.outcome = value),
    (error: unknown) => (seen.outcome = error),
  );
  return seen;
}

describe('rejectOnAbort', () => {
  it.each([
    ['resolves', 'value'],
    ['rejects', failure],
  ])('%s as the promise does, and leaves no listener', async (how, outcome) => {
    const { promise, resolve, reject, signal, listeners } = makeParts();
    const seen = watch(rejectOnAbort(promise, signal));
    expect(listeners()).toBe(1);
    if (how === 'resolves') resolve('value');
    else reject(failure);
    await turn();
    expect([seen.outcome, listeners()]).toEqual([outcome, 0]);
  });

  it('rejects with the reason at once, whatever the promise does later', async () => {
    const { promise, reject, signal, abort, listeners } = makeParts();
    const seen = watch(rejectOnAbort(promise, signal));
    abort();
    await turn();
    expect([seen.outcome, listeners()]).toEqual([reason, 0]);
    // A rejection that nobody handles would end this process.
    reject(failure);
    await turn();
    expect(seen.outcome).toBe(reason);
  });

  it('rejects with the reason of a signal that is aborted already', async () => {
    const { promise, reject, signal, abort, listeners } = makeParts();
    abort();
    await expect(rejectOnAbort(promise, signal)).rejects.toBe(reason);
    expect(listeners()).toBe(0);
    reject(failure);
    await turn();
  });
});

describe('settleOrAbort', () => {
  it.each([
    ['resolves', 'value'],
    ['rejects', failure],
  ])('%s as the promise does, and leaves no listener or timer', async (how, outcome) => {
    const clock = new FakeClock();
    const { promise, resolve, reject, signal, listeners } = makeParts();
    const seen = watch(settleOrAbort(promise, signal, clock, 100));
    if (how === 'resolves') resolve('value');
    else reject(failure);
    await turn();
    expect([seen.outcome, listeners(), clock.pending]).toEqual([outcome, 0, 0]);
  });

  it.each(['resolve', 'reject'] as const)('waits after an abort until the promise settles: %s', async (how) => {
    const clock = new FakeClock();
    const { promise, resolve, reject, signal, abort } = makeParts();
    const seen = watch(settleOrAbort(promise, signal, clock, 100));
    abort();
    await clock.advanceAsync(99);
    expect([seen.outcome, clock.pending]).toEqual(['pending', 1]);
    if (how === 'resolve') resolve('too late');
    else reject(failure);
    await turn();
    expect([seen.outcome, clock.pending]).toEqual([reason, 0]);
  });

  it('waits no longer than the grace time', async () => {
    const clock = new FakeClock();
    const { promise, reject, signal, abort } = makeParts();
    const seen = watch(settleOrAbort(promise, signal, clock, 100));
    abort();
    await clock.advanceAsync(100);
    expect([seen.outcome, clock.pending]).toEqual([reason, 0]);
    reject(failure);
    await turn();
  });

  it('treats a signal that is aborted already in the same way', async () => {
    const clock = new FakeClock();
    const { promise, signal, abort, listeners } = makeParts();
    abort();
    const seen = watch(settleOrAbort(promise, signal, clock, 100));
    await clock.advanceAsync(99);
    expect([seen.outcome, listeners()]).toEqual(['pending', 0]);
    await clock.advanceAsync(1);
    expect(seen.outcome).toBe(reason);
  });
});
