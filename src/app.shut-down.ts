import cluster from 'node:cluster';
import { constants } from 'node:os';
import type { Clock } from './kernel/index.js';

type SignalName = 'SIGTERM' | 'SIGINT';

/**
 * The signals that end this process. A terminal sends Ctrl-C to all processes of a group, so one of several that share a
 * port takes no notice of it: the process that keeps them passes a SIGTERM on.
 */
export const SIGNALS: readonly SignalName[] = cluster.isWorker ? ['SIGTERM'] : ['SIGTERM', 'SIGINT'];

/** npm passes Ctrl-C on to a process that has got it from the terminal already: within this time, two are one. */
const ONE_KEY_PRESS_MS = 200;

/**
 * Calls back at the first signal that is to end the process, and at each further one. Key presses that arrive twice count
 * once.
 * @param again is given the exit code that shells give to its signal (143, 130)
 */
export function onSignals(
  clock: Clock,
  begin: (name: SignalName) => void,
  again: (name: SignalName, first: SignalName, exitCode: number) => void,
): void {
  let first: { readonly name: SignalName; readonly at: number } | undefined;
  if (cluster.isWorker) process.on('SIGINT', () => undefined);
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (first === undefined) {
        first = { name, at: clock.monotonic() };
        begin(name);
        return;
      }
      const isSameKeyPress =
        name === 'SIGINT' && first.name === 'SIGINT' && clock.monotonic() - first.at < ONE_KEY_PRESS_MS;
      if (!isSameKeyPress) again(name, first.name, 128 + constants.signals[name]);
    });
  }
}
