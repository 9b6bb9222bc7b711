import { ConsoleLogger, Logger } from '@nestjs/common';
import fc from 'fast-check';
import { joinDeltas, type LogEntry, summarizeLog, runLogged } from '../../test/support/crashing-runs.js';
import { compilePlan, ran, type ResumablePlan, resumablePlans } from '../../test/support/resumable-workflows.js';

/** Most places at which one run is crashed. */
const MOST_CRASHES = 8;

const VISIBLE = {
  kind: 'node',
  says: [],
  silent: false,
  pause: 0,
  ending: 'text',
  finishReason: undefined,
  tokens: 0,
  remembers: false,
  after: [],
} as const;

/** The missing output of the second step has no text that could be missed. */
const CALL_WITHOUT_ARGUMENTS: ResumablePlan = {
  options: { inLine: false, concurrency: 2 },
  plans: [
    { kind: 'workflow', steps: [VISIBLE], silent: false, after: [] },
    {
      ...VISIBLE,
      says: [
        { type: 'content', text: 'a' },
        { type: 'tool-call', index: 0, arguments: '' },
      ],
    },
  ],
};

describe('A run that continues after a crash', () => {
  beforeAll(() => Logger.overrideLogger(false));

  afterAll(() => Logger.overrideLogger(new ConsoleLogger()));

  it('gives what it would have given without the crash, wherever that comes, and runs no finished step again', async () => {
    await fc.assert(
      fc.asyncProperty(resumablePlans, fc.nat(), async (plan, seed) => {
        const { workflow } = compilePlan(plan);
        const whole = await runLogged({ workflow });
        for (const length of chooseLengths(whole.length, seed)) {
          const resumed = await resume(
            workflow,
            seed % 2 === 0 ? whole.slice(0, length) : joinDeltas(whole.slice(0, length)),
          );
          expectSame(resumed, whole, plan.options.inLine);
          // It crashes once more.
          const second = resumed.length - 1 - (seed % 5);
          if (second < length) continue;
          expectSame(await resume(workflow, resumed.slice(0, second)), whole, plan.options.inLine);
        }
      }),
      { examples: [[CALL_WITHOUT_ARGUMENTS, 1]], numRuns: 50 },
    );
  });
});

/** @param isFailureExact whether it is known what was said by the steps beside the one that failed */
function expectSame(resumed: readonly LogEntry[], whole: readonly LogEntry[], isFailureExact: boolean): void {
  const isVague = whole.at(-1)?.event.type === 'run-failed' && !isFailureExact;
  const read = isVague ? (log: readonly LogEntry[]): unknown => log.at(-1)?.event.type : summarizeLog;
  expect(read(resumed)).toEqual(read(whole));
}

async function resume(
  workflow: Parameters<typeof runLogged>[0]['workflow'],
  before: readonly LogEntry[],
): Promise<readonly LogEntry[]> {
  const finished = before.flatMap(({ checkpoint }) => checkpoint?.node ?? []);
  ran.length = 0;
  const log = await runLogged({ workflow }, before);
  expect(ran.filter((node) => finished.includes(node))).toEqual([]);
  const kept = log.flatMap(({ checkpoint }) => checkpoint?.node ?? []);
  expect(kept).toEqual([...new Set(kept)]);
  expect(log.filter(({ event }) => event.type === 'run-finished' || event.type === 'run-failed')).toHaveLength(1);
  return log;
}

/** Lengths of what is left of a log, all of them or some spread over it. */
function chooseLengths(whole: number, seed: number): readonly number[] {
  const all = Array.from({ length: whole - 1 }, (_, index) => index + 1);
  const step = Math.ceil(all.length / MOST_CRASHES);
  return all.filter((_, index) => index % step === seed % step);
}
