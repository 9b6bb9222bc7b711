import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, jest } from '@jest/globals';
import { RunLogger } from '../../workflow/index.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';
import { RunObservers } from './run-observers.js';

const RUN = { workflow: { id: 'chat' }, request: {}, options: { id: 'run' } } as ObservedRun;
const fail = (): never => {
  throw new Error('No.');
};

it('logs what an observer throws, and still notifies the other observers', async () => {
  const log = new RunLogger({ workflow: 'chat' });
  const write = jest.spyOn(log, 'write').mockReturnValue();
  const seen: ObservedEvent[] = [];
  const make = (observe: () => RunObserver): RunObserverFactory => ({ observe });
  const observers = new RunObservers([
    make(fail),
    make(() => ({ next: fail })),
    make(() => ({ next: (event) => seen.push(event) })),
  ]);
  const event: ObservedEvent = { type: 'run-started', seq: 0 };
  observers.observe(RUN, log).next(event);
  await nextTurn();
  expect(seen).toEqual([event]);
  expect(write.mock.calls.map(([level]) => level)).toEqual(['error', 'error']);
});
