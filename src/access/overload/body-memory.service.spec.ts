import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { readConfig } from '../../config/index.js';
import { OverloadedError, RateLimitedError, RunAbortedError } from '../../errors/index.js';
import { Cancellation } from '../../kernel/index.js';
import { Caller } from '../caller.js';
import { BodyMemory, type MemoryShare } from './body-memory.service.js';

const NEVER = new Cancellation();
const limits = { requestsPerMinute: 0, tokensPerMinute: 0, concurrentStreams: 0 };
const [ANN, BOB] = ['ann', 'bob'].map((id) => new Caller({ id, limits })) as [Caller, Caller];

function makeMemory(env: Record<string, string> = {}): { memory: BodyMemory; clock: FakeClock } {
  const clock = new FakeClock();
  const config = readConfig({ API_KEYS: 'a,b', MAX_BODY_MEMORY: '100b', ...env }, []);
  return { clock, memory: new BodyMemory(config, clock, {} as never, {} as never) };
}

const now = async (taking: Promise<MemoryShare>): Promise<MemoryShare> => {
  const share = await taking;
  if (share.hasWaited) throw new Error('It has waited.');
  return share;
};

/** Whether a promise has settled by now. */
async function isSettled(promise: unknown): Promise<boolean> {
  const still = Symbol();
  return (await Promise.race([promise, Promise.resolve().then(() => still)])) !== still;
}

describe('BodyMemory', () => {
  it('gives one caller half of the memory, and all of it where callers are not identified', () => {
    expect(makeMemory().memory).toMatchObject({ limit: 100, callerLimit: 50 });
    expect(makeMemory({ API_KEYS: '' }).memory).toMatchObject({ limit: 100, callerLimit: 100 });
    expect(makeMemory({ MAX_BODY_MEMORY_PER_CALLER: '70b' }).memory.callerLimit).toBe(70);
    expect(makeMemory({ MAX_BODY_MEMORY_PER_CALLER: '1gb' }).memory.callerLimit).toBe(100);
    expect(makeMemory({ MAX_BODY_MEMORY: '' }).memory.limit).toBeGreaterThan(16 * 1024 ** 2);
  });

  it('lets requests that find no room wait, and takes the first that fits next', async () => {
    const { memory } = makeMemory();
    const first = await now(memory.take(ANN, 40, NEVER));
    const large = memory.take(ANN, 20, NEVER);
    const small = await now(memory.take(ANN, 10, NEVER));
    const other = await now(memory.take(BOB, 50, NEVER));
    const others = memory.take(BOB, 1, NEVER);
    first.release();
    first.release();
    expect((await large).bytes).toBe(20);
    expect(await isSettled(others)).toBe(false);
    other.release();
    expect((await others).bytes).toBe(1);
    small.release();
  });

  it('gives a request that needs more than a share the whole share, alone', async () => {
    const { memory } = makeMemory();
    const alone = await now(memory.take(ANN, 1_000, NEVER));
    expect(alone.bytes).toBe(50);
    const next = memory.take(ANN, 1_000, NEVER);
    expect(await isSettled(next)).toBe(false);
    alone.release();
    expect((await next).bytes).toBe(50);
  });

  it('changes the amount that a request holds', async () => {
    const { memory } = makeMemory();
    const [one, two] = [await now(memory.take(ANN, 40, NEVER)), await now(memory.take(ANN, 10, NEVER))];
    const more = two.resize(30, NEVER);
    expect(await isSettled(more)).toBe(false);
    expect(one.resize(20, NEVER)).toBeUndefined();
    await more;
    expect([one.bytes, two.bytes]).toEqual([20, 30]);
    const again = one.resize(25, NEVER);
    one.release();
    two.release();
    await again;
    expect((await now(memory.take(ANN, 50, NEVER))).bytes).toBe(50);
  });

  it('does not let two requests that want more wait for each other', async () => {
    const { memory } = makeMemory();
    const [one, two] = [await now(memory.take(ANN, 20, NEVER)), await now(memory.take(ANN, 20, NEVER))];
    const turn = one.resize(40, NEVER);
    expect(two.resize(40, NEVER)).toBeUndefined();
    expect([one.bytes, two.bytes]).toEqual([0, 40]);
    two.release();
    await turn;
    expect(one.bytes).toBe(40);
  });

  it('ends a long wait, with an error that says whose requests take the memory', async () => {
    const { memory, clock } = makeMemory();
    await now(memory.take(ANN, 50, NEVER));
    const own = memory.take(ANN, 10, NEVER);
    await now(memory.take(BOB, 45, NEVER));
    const all = memory.take(new Caller({ id: 'eve', limits }), 10, NEVER);
    clock.advance(10_000);
    await expect(own).rejects.toThrow(RateLimitedError);
    await expect(all).rejects.toThrow(OverloadedError);
    await expect(all).rejects.toMatchObject({ status: 503, retryAfterMs: 2_000 });
  });

  it('forgets requests whose client leaves, and refuses those above the limit of the queue', async () => {
    const { memory } = makeMemory({ MAX_QUEUED_RUNS: '1' });
    const taken = await now(memory.take(ANN, 50, NEVER));
    const leaving = new Cancellation();
    const left = memory.take(ANN, 10, leaving);
    await expect(memory.take(ANN, 10, NEVER)).rejects.toThrow(OverloadedError);
    leaving.abort(new RunAbortedError('client_disconnected'));
    await expect(left).rejects.toThrow(RunAbortedError);
    const next = memory.take(ANN, 50, NEVER);
    taken.release();
    expect((await next).bytes).toBe(50);
  });
});
