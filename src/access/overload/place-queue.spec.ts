import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { catchRejection } from '../../../test/support/rejection.js';
import { OverloadedError, RunAbortedError } from '../../errors/index.js';
import { PlaceQueue } from './place-queue.js';

const NEVER = new AbortController().signal;

function makeQueue(clock = new FakeClock()): PlaceQueue {
  return new PlaceQueue({ maxConcurrentRuns: 2, maxQueuedRuns: 2, maxQueueWaitMs: 1_000 }, clock);
}

const LEFT = new RunAbortedError('client_disconnected');

describe('PlaceQueue', () => {
  it('lets the allowed number in at once, and the others in the order in which they came', async () => {
    const queue = makeQueue();
    expect([queue.enter(NEVER), queue.enter(NEVER)]).toEqual([undefined, undefined]);
    const order: string[] = [];
    const third = queue.enter(NEVER)?.then(() => order.push('third'));
    const fourth = queue.enter(NEVER)?.then(() => order.push('fourth'));
    queue.leave();
    await third;
    expect(order).toEqual(['third']);
    queue.leave();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
    queue.leave();
    queue.leave();
    expect([queue.enter(NEVER), queue.enter(NEVER)]).toEqual([undefined, undefined]);
    expect(queue.enter(NEVER)).toBeInstanceOf(Promise);
  });

  it('refuses newcomers when it is full', () => {
    const queue = makeQueue();
    for (let entered = 0; entered < 4; entered++) void queue.enter(NEVER);
    expect([queue.waiting, queue.isFull]).toEqual([2, true]);
    expect(() => queue.enter(NEVER)).toThrow(OverloadedError);
  });

  it('ends a wait that takes too long', async () => {
    const clock = new FakeClock();
    const queue = makeQueue(clock);
    for (let i = 0; i < 2; i++) void queue.enter(NEVER);
    const rejected = catchRejection(queue.enter(NEVER) ?? Promise.resolve());
    clock.advance(1_000);
    const error = await rejected;
    expect(error).toBeInstanceOf(OverloadedError);
    expect(error).toMatchObject({ code: 'server_overloaded', retryAfterMs: 2_000 });
    expect([queue.waiting, clock.pending]).toEqual([0, 0]);
  });

  it('frees the place of a client that leaves the queue', async () => {
    const clock = new FakeClock();
    const queue = makeQueue(clock);
    for (let i = 0; i < 2; i++) void queue.enter(NEVER);
    const leaving = new AbortController();
    const rejected = catchRejection(queue.enter(leaving.signal) ?? Promise.resolve());
    const next = queue.enter(NEVER);
    leaving.abort(LEFT);
    expect(await rejected).toBe(LEFT);
    expect(queue.waiting).toBe(1);
    queue.leave();
    await next;
    expect(clock.pending).toBe(0);
    const gone = new AbortController();
    gone.abort(LEFT);
    expect(await catchRejection(queue.enter(gone.signal) ?? Promise.resolve())).toBe(LEFT);
    expect(queue.waiting).toBe(0);
  });

  it('bounds nothing if the limit is 0', () => {
    const queue = new PlaceQueue({ maxConcurrentRuns: 0, maxQueuedRuns: 0, maxQueueWaitMs: 0 }, new FakeClock());
    for (let i = 0; i < 100; i++) expect(queue.enter(NEVER)).toBeUndefined();
    expect(queue.isFull).toBe(false);
  });
});
