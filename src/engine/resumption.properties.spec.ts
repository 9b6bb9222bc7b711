import { ConsoleLogger, Logger } from '@nestjs/common';
import fc from 'fast-check';
import { joinDeltas, type LogEntry, readOutcome, runLogged } from '../../test/support/crashing-runs.js';
import { compilePlan, ran, resumablePlans } from '../../test/support/resumable-workflows.js';

/** Most places at which one run is crashed. */
const MOST_CRASHES = 8;

describe('A run that goes on after a crash', () => {
  beforeAll(() => Logger.overrideLogger(false));

  afterAll(() => Logger.overrideLogger(new ConsoleLogger()));

  it('gives what it would have given without the crash, wherever that comes, and runs no finished step again', async () => {
    await fc.assert(
      fc.asyncProperty(resumablePlans, fc.nat(), async (plan, seed) => {
        const { workflow } = compilePlan(plan);
        const whole = await runLogged({ workflow });
        const expected = readOutcome(whole);
        for (const length of chooseLengths(whole.length, seed)) {
          const resumed = await resume(
            workflow,
            seed % 2 === 0 ? whole.slice(0, length) : joinDeltas(whole.slice(0, length)),
          );
          expect(readOutcome(resumed)).toEqual(expected);
          // It crashes once more.
          const second = resumed.length - 1 - (seed % 5);
          if (second < length) continue;
          expect(readOutcome(await resume(workflow, resumed.slice(0, second)))).toEqual(expected);
        }
      }),
    );
  });
});

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
