import cluster from 'node:cluster';
import { constants } from 'node:os';
import { ABORTED_RUNS_LIMIT_MS, type AppConfig } from '../config/index.js';
import type { Clock } from '../kernel/index.js';

type SignalName = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** Signals that a terminal sends to all processes of a group: Ctrl-C, and that it is closed. */
const FROM_TERMINAL: readonly SignalName[] = ['SIGINT', 'SIGHUP'];

/** A terminal's signal comes twice where npm or a shell passes it on: within this time, two are one. In milliseconds. */
const ONE_SIGNAL_MS = 200;

/** For what an end does beside the steps that have limits of their own: last bytes of answers, hooks of modules. */
const REST_MS = 4_000;

/** True for the signals that end this service gracefully. */
export function isEndSignal(name: string): boolean {
  return name === 'SIGTERM' || FROM_TERMINAL.some((other) => other === name);
}

/** How long the graceful end may take in all, in milliseconds; then the process leaves, whatever is left to do. */
export function readShutdownLimit({ shutdown, tracing }: Pick<AppConfig, 'shutdown' | 'tracing'>): number {
  return shutdown.delayMs + shutdown.graceMs + ABORTED_RUNS_LIMIT_MS + tracing.flushTimeoutMs + REST_MS;
}

/**
 * Calls back at the first signal that is to end the process, and at each further one. One of several processes that share a
 * port takes no notice of a terminal's signals: the process that keeps them passes a SIGTERM on.
 * @param again is given the exit code that shells give to its signal (143, 130, 129)
 */
export function onSignals(
  clock: Clock,
  begin: (name: SignalName) => void,
  again: (name: SignalName, first: SignalName, exitCode: number) => void,
): void {
  let first: { readonly name: SignalName; readonly at: number } | undefined;
  if (cluster.isWorker) for (const name of FROM_TERMINAL) process.on(name, () => undefined);
  const names: readonly SignalName[] = cluster.isWorker ? ['SIGTERM'] : ['SIGTERM', ...FROM_TERMINAL];
  for (const name of names) {
    process.on(name, () => {
      if (first === undefined) {
        first = { name, at: clock.monotonic() };
        begin(name);
        return;
      }
      const isSameSignal = name === first.name && name !== 'SIGTERM' && clock.monotonic() - first.at < ONE_SIGNAL_MS;
      if (!isSameSignal) again(name, first.name, 128 + constants.signals[name]);
    });
  }
}
