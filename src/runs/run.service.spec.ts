import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { compileTestWorkflow } from '../../test/support/compiled-workflow.js';
import { eventually } from '../../test/support/eventually.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { AppConfig } from '../config/index.js';
import type { RunEvent } from '../engine/index.js';
import { RandomIdSource } from '../kernel/index.js';
import { NoopTracer } from '../tracing/noop/noop-tracer.js';
import { type Deltas, RunLogger, type TaskContext, type WorkflowNode } from '../workflow/index.js';
import { RunObservers } from './observers/run-observers.js';
import { TraceStarter } from './observers/trace-starter.service.js';
import type { ReadFailure, RunEvents } from './run-events.js';
import type { RunOptions } from './run-options.js';
import { RunService } from './run.service.js';

/** Says what the test gives it, word by word. */
class Talk {
  readonly #words: string[] = [];
  #wake: () => void = () => undefined;
  isOver = false;
  /** Why its run was ended; undefined: it was not. */
  stoppedBy: unknown;

  say(...words: string[]): void {
    this.#words.push(...words);
    this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }

  async *words(signal: AbortSignal): AsyncGenerator<string, void, void> {
    signal.addEventListener('abort', () => {
      this.stoppedBy = signal.reason;
      this.end();
    });
    for (;;) {
      while (this.#words.length > 0) yield this.#words.shift() ?? '';
      if (this.isOver) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

let talk = new Talk();

class TalkingNode implements WorkflowNode<void, string> {
  async *process(_: void, { signal }: TaskContext): AsyncGenerator<Deltas, string, void> {
    for await (const text of talk.words(signal)) yield { type: 'content', text };
    return 'all said';
  }
}

const { workflow } = compileTestWorkflow({ define: (flow) => flow.node(TalkingNode) });
const config = { run: { timeoutMs: 60_000, maxOutputLength: 1_000 } } as AppConfig;

describe('RunService', () => {
  let runs: RunService;
  let clock: FakeClock;
  let write: jest.SpiedFunction<RunLogger['write']>;
  beforeEach(() => {
    write = jest.spyOn(RunLogger.prototype, 'write').mockReturnValue();
    talk = new Talk();
    clock = new FakeClock();
    runs = new RunService(
      config,
      clock,
      new RandomIdSource(),
      new TraceStarter(new NoopTracer()),
      new RunObservers([]),
    );
  });
  afterEach(async () => {
    runs.cancel('run-1');
    await waitForEnd();
  });

  const start = (options: Partial<RunOptions> = {}): RunEvents =>
    runs.start(workflow, { model: 'test', messages: [], parameters: {} }, { id: 'run-1', ...options });
  const waitForEnd = (): Promise<boolean> => eventually(() => runs.openRuns === 0, { message: 'the end of the run' });

  describe('start', () => {
    it('starts a run that continues to its end without readers', async () => {
      const events = start();
      talk.say('Hello');
      talk.end();
      await waitForEnd();
      expect(listen(events).types).toEqual(['run-finished']);
    });

    it('gives every event to a reader that comes in the same turn', async () => {
      const { types } = listen(start());
      talk.say('Hello');
      talk.end();
      await waitForEnd();
      expect(types).toEqual(['run-started', 'node-started', 'delta', 'node-finished', 'run-finished']);
    });

    it('lets the run continue while one of its readers stays, and ends it when the last one leaves', async () => {
      const events = start();
      const [first, second] = [listen(events), listen(events)];
      await second.has('node-started');
      first.leave();
      talk.say('Hello');
      await second.has('delta');
      second.leave();
      await waitForEnd();
      expect(talk.stoppedBy).toMatchObject({ abortCause: 'client_disconnected' });
    });

    it('ends the run when its reader fails', async () => {
      const reading = read(start(), fail);
      await waitForEnd();
      expect(await reading).toMatchObject({ isReaderFault: true, error: { code: 'internal_error' } });
    });

    it('refuses the id of a run that is still open', async () => {
      start();
      expect(() => start()).toThrow('A run with the id "run-1" is open. Give each run an id of its own.');
      talk.end();
      await waitForEnd();
      expect(() => start()).not.toThrow();
    });

    it('gives the run the time of RUN_TIMEOUT_MS', async () => {
      const { has } = listen(start());
      await has('node-started');
      clock.advance(60_000);
      await waitForEnd();
      expect(talk.stoppedBy).toMatchObject({ abortCause: 'deadline' });
    });
  });

  describe('attach', () => {
    it('gives a second reader what happens from then on', async () => {
      const first = listen(start());
      talk.say('Hello');
      await first.has('delta');
      const second = listen(runs.attach('run-1'));
      talk.say(' world');
      talk.end();
      await waitForEnd();
      expect(second.types).toEqual(['delta', 'node-finished', 'run-finished']);
    });

    it('leaves the run alone when its reader leaves', async () => {
      start();
      listen(runs.attach('run-1')).leave();
      const stays = listen(runs.attach('run-1'));
      talk.end();
      await waitForEnd();
      expect(stays.types.at(-1)).toBe('run-finished');
    });

    it('does not end the run when its reader fails: the reader gets the error, and it is logged', async () => {
      const own = listen(start());
      const reading = read(runs.attach('run-1'), fail);
      expect(await reading).toMatchObject({ isReaderFault: true, error: { code: 'internal_error' } });
      expect(write).toHaveBeenCalledWith('error', 'has a reader that failed; the run continues', {}, expect.anything());
      talk.end();
      await waitForEnd();
      expect(own.types.at(-1)).toBe('run-finished');
    });

    it('knows open runs only', async () => {
      start();
      talk.end();
      await waitForEnd();
      expect(runs.attach('run-1')).toBeUndefined();
    });
  });

  describe('cancel', () => {
    it('ends a run, and says so to its readers', async () => {
      const reading = read(start(), () => undefined);
      expect(runs.cancel('run-1')).toBe(true);
      expect(await reading).toMatchObject({ error: { status: 409, code: 'cancelled' }, isReaderFault: false });
      await waitForEnd();
    });

    it('aborts the steps at work', async () => {
      const { has } = listen(start());
      await has('node-started');
      runs.cancel('run-1');
      await waitForEnd();
      expect(talk.stoppedBy).toMatchObject({ abortCause: 'cancelled' });
    });

    it('is false where there is nothing to cancel any more', async () => {
      expect(runs.cancel('run-1')).toBe(false);
      start();
      expect([runs.cancel('run-1'), runs.cancel('run-1')]).toEqual([true, false]);
      await waitForEnd();
      expect(runs.cancel('run-1')).toBe(false);
    });
  });

  it('ends a run with the signal that it was started with', async () => {
    const controller = new AbortController();
    const { has } = listen(start({ signal: controller.signal }));
    await has('node-started');
    controller.abort();
    await waitForEnd();
    expect(talk.stoppedBy).toMatchObject({ abortCause: 'client_disconnected' });
  });
});

const fail = (): never => {
  throw new Error('No.');
};

/** Looks on. */
function listen(events: RunEvents | undefined) {
  const types: RunEvent['type'][] = [];
  const subscription = events?.subscribe(({ type }) => types.push(type));
  return {
    types,
    has: (type: RunEvent['type']): Promise<boolean> => eventually(() => types.includes(type), { message: type }),
    leave: (): void => subscription?.unsubscribe(),
  };
}

/**
 * Reads to the end.
 * @returns how the reading failed; undefined: it did not
 */
async function read(events: RunEvents | undefined, next: () => void): Promise<ReadFailure | undefined> {
  let failure: ReadFailure | undefined;
  await events?.read({ next, failed: (told) => (failure = told) });
  return failure;
}
