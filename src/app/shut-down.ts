import cluster from 'node:cluster';
import { constants } from 'node:os';
import { ABORTED_RUNS_LIMIT_MS, type AppConfig } from '../config/index.js';
import type { Clock } from '../kernel/index.js';

type SignalName = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** Signals that a terminal sends to all processes of a group: for Ctrl-C, and when it is closed. */
const FROM_TERMINAL: readonly SignalName[] = ['SIGINT', 'SIGHUP'];

/** npm and shells pass a terminal's signal on, so it can come twice. Two within this many milliseconds count as one. */
const ONE_SIGNAL_MS = 200;

/** Time for the parts of a shutdown that have no limit of their own: the last bytes of responses, and hooks of modules. */
const REST_MS = 4_000;

/** True for the signals that end this service gracefully. */
export function isEndSignal(name: string): boolean {
  return name === 'SIGTERM' || FROM_TERMINAL.some((other) => other === name);
}

/** Computes how long the graceful end may take in all, in milliseconds; then the process leaves, whatever is left to do. */
export function readShutdownLimit({ shutdown, tracing }: Pick<AppConfig, 'shutdown' | 'tracing'>): number {
  return shutdown.delayMs + shutdown.graceMs + ABORTED_RUNS_LIMIT_MS + tracing.flushTimeoutMs + REST_MS;
}

/**
 * Calls back at the first signal that ends the process, and at each further one. A worker process ignores a terminal's
 * signals: the process that keeps it passes a SIGTERM on.
 * @param onSignalAgain is given the exit code that shells give to its signal (143, 130, 129)
 */
export function onSignals(
  clock: Clock,
  begin: (name: SignalName) => void,
  onSignalAgain: (name: SignalName, first: SignalName, exitCode: number) => void,
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
      if (!isSameSignal) onSignalAgain(name, first.name, 128 + constants.signals[name]);
    });
  }
}
