import { beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { FakeClock } from '../../test/support/fake-clock.js';
import { catchRejection } from '../../test/support/rejection.js';
import { InternalError, RunAbortedError, UpstreamError } from '../errors/index.js';
import { ModelProviders } from '../models/index.js';
import { StructuredOutputError } from '../schema/index.js';
import { type AgentEvent, IncompleteOutputError, TaskContext } from '../workflow/index.js';
import { Attempts } from './attempts.js';
import { resolveModelTargets } from './model-target.js';

const providers = new ModelProviders({
  openai: {
    chat: {
      // eslint-disable-next-line require-yield
      async *stream() {
        throw new Error('Nothing is called here');
      },
    },
    defaultModel: 'first',
    description: '',
  },
});
const targets = (count: number): ReturnType<typeof resolveModelTargets> =>
  resolveModelTargets(
    {
      model: ['openai', ...Array.from({ length: count - 1 }, (_, index) => `openai/fallback ${index + 1}` as const)],
    },
    providers,
  );

const busy = (retryAfterMs?: number): UpstreamError =>
  new UpstreamError('Busy.', { status: 429, ...(retryAfterMs !== undefined && { retryAfterMs }) });
const unfit = new StructuredOutputError(['$: must be an object']);

describe('Attempts', () => {
  beforeAll(() => Logger.overrideLogger(false));
  const makeAttempts = (models: number, retries: number, signal = new AbortController().signal) => {
    const clock = new FakeClock();
    const told: AgentEvent[] = [];
    const events = { wantsContent: false, emit: (event: AgentEvent) => void told.push(event), takeNumber: () => 1 };
    const context = new TaskContext({ request: { model: 'm', messages: [], parameters: {} }, clock, events, signal });
    return { attempts: new Attempts(targets(models), retries, context), clock, told };
  };

  it('waits twice as long before each further try', async () => {
    const { attempts, clock, told } = makeAttempts(1, 7);
    for (const delayMs of [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
      const before = clock.monotonic();
      const recovered = attempts.recover(busy());
      await clock.advanceAsync(delayMs - 1);
      expect(clock.pending).toBe(1);
      await clock.advanceAsync(1);
      await recovered;
      expect(clock.monotonic() - before).toBe(delayMs);
    }
    const last = busy();
    expect(await catchRejection(attempts.recover(last))).toBe(last);
    expect(told).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((attempt) => expect.objectContaining({ type: 'agent-retried', attempt })),
    );
  });

  it('waits as long as the upstream asks, unless that is too long', async () => {
    const { attempts, clock } = makeAttempts(1, 9);
    const recovered = attempts.recover(busy(3_000));
    await clock.advanceAsync(3_000);
    await recovered;
    const patient = busy(8_001);
    expect(await catchRejection(attempts.recover(patient))).toBe(patient);
  });

  it('does not wait after a failure that time cannot heal', async () => {
    const { attempts, clock } = makeAttempts(2, 1);
    await attempts.recover(unfit);
    await attempts.recover(unfit);
    expect([attempts.target.model, clock.pending]).toEqual(['fallback 1', 0]);
  });

  it('gives each model all retries, and again after an output that could be used', async () => {
    const { attempts } = makeAttempts(3, 1);
    const asked: string[] = [];
    for (let i = 0; i < 5; i++) {
      asked.push(attempts.target.model);
      await attempts.recover(unfit);
    }
    expect(asked).toEqual(['first', 'first', 'fallback 1', 'fallback 1', 'fallback 2']);
    attempts.accept();
    await attempts.recover(unfit);
    expect(attempts.target.model).toBe('fallback 2');
    expect(await catchRejection(attempts.recover(unfit))).toBe(unfit);
  });

  it.each([
    ['400', new UpstreamError('', { status: 400 })],
    ['413', new UpstreamError('', { status: 413 })],
    ['422', new UpstreamError('', { status: 422 })],
    ['an output that was cut short', new IncompleteOutputError('length', false)],
    ['a bug', new InternalError(new TypeError())],
    ['an error of another library', new TypeError()],
  ])('does not retry %s', async (_, error) => {
    const { attempts, told } = makeAttempts(2, 3);
    expect(await catchRejection(attempts.recover(error))).toBe(error);
    expect(told).toEqual([]);
  });

  it.each(['upstream_authentication', 'upstream_not_found', 'insufficient_quota'])(
    'asks another model at once for %s',
    async (code) => {
      const { attempts } = makeAttempts(2, 3);
      await attempts.recover(new UpstreamError('', { code, retryable: false }));
      expect(attempts.target.model).toBe('fallback 1');
    },
  );

  it('ends with the run, before a wait and during one', async () => {
    const run = new AbortController();
    const { attempts, clock } = makeAttempts(2, 3, run.signal);
    const waiting = catchRejection(attempts.recover(busy()));
    const reason = new RunAbortedError('deadline');
    run.abort(reason);
    expect(await waiting).toBe(reason);
    const thrown = busy();
    expect(await catchRejection(attempts.recover(thrown))).toBe(thrown);
    expect(clock.pending).toBe(0);
  });
});
