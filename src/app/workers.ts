import cluster, { type Worker } from 'node:cluster';
import type { LoggerService } from '@nestjs/common';
import type { AppConfig } from '../config/index.js';
import { formatStackForLog } from '../errors/index.js';
import { type Clock, holdProcess, SystemClock } from '../kernel/index.js';
import { GatheredMetrics } from '../metrics/index.js';
import type { OutputGuard } from './output-guard.js';
import { isEndSignal, onSignals, readShutdownLimit } from './shut-down.js';
import { onLeaving, tellReplaced } from './worker-messages.js';

/** A worker that dies sooner than this after its start has a fault that the next one will have, too; in milliseconds. */
const SHORT_LIFE_MS = 10_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** How much longer than its own limit a worker may take to end. After that it counts as hanging and is killed. */
const HANGS_AFTER_MS = 2_000;

/**
 * Keeps a number of worker processes running that share one port. This process answers no requests itself: it starts
 * the workers, replaces those that die, passes signals on, and adds up their metrics.
 */
export function keepWorkers(config: AppConfig, logger: LoggerService, output: OutputGuard): void {
  const clock = new SystemClock();
  const { processes } = config.server;
  new GatheredMetrics(clock, { processes, countDroppedLines: () => output.droppedLines }).listen();
  new Workers(processes, readShutdownLimit(config), logger, clock).start();
}

class Workers {
  readonly #count: number;
  readonly #endLimitMs: number;
  readonly #logger: LoggerService;
  readonly #clock: Clock;
  readonly #bornAt = new Map<Worker, number>();
  /** Workers that are about to end by themselves: others have already replaced them. */
  readonly #leaving = new Set<Worker>();
  #delayMs = FIRST_DELAY_MS;
  #isRestarting = false;
  #isServing = false;
  #isEnding = false;
  #exitCode = 0;

  constructor(count: number, endLimitMs: number, logger: LoggerService, clock: Clock) {
    this.#count = count;
    this.#endLimitMs = endLimitMs;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Number of workers that are not about to end, including those that do not listen yet. */
  get #staying(): number {
    return this.#bornAt.size - this.#leaving.size;
  }

  /** Starts the first worker, and the others once it listens, so that a fault that stops the start is reported once. */
  start(): void {
    cluster.on('exit', (worker, code, signal) => this.#onExit(worker, code, signal));
    cluster.once('listening', () => {
      this.#isServing = true;
      this.#fill();
      this.#logger.log(`Processes: ${this.#count} share the port`);
    });
    cluster.on('listening', () => {
      for (const worker of this.#leaving) tellReplaced(worker);
    });
    onLeaving((worker) => {
      if (this.#isEnding || !this.#bornAt.has(worker) || this.#leaving.has(worker)) return;
      this.#leaving.add(worker);
      this.#replace(worker, 'is about to end');
    });
    onSignals(
      this.#clock,
      () => this.#end(),
      (_name, _first, exitCode) => {
        // Each of them leaves at once at its second signal.
        this.#exitCode = exitCode;
        this.#passOn('SIGTERM');
      },
    );
    process.on('uncaughtException', (thrown) => {
      this.#exitCode ||= 1;
      this.#logger.error('An uncaught error: all processes end', formatStackForLog(thrown));
      if (!this.#isEnding) this.#end();
    });
    // While all workers are dead, nothing else keeps this process alive.
    holdProcess();
    this.#fork();
  }

  #fork(): void {
    const worker = cluster.fork();
    this.#bornAt.set(worker, this.#clock.monotonic());
    // The system has no room for this worker. Its end is reported as well.
    worker.on('error', (error) => this.#logger.error(`A process failed: ${error.message}`));
  }

  #fill(): void {
    while (this.#staying < this.#count) this.#fork();
  }

  #end(): void {
    this.#isEnding = true;
    this.#passOn('SIGTERM');
    this.#clock.after(this.#endLimitMs + HANGS_AFTER_MS, () => {
      this.#exitCode ||= 1;
      this.#logger.error(`Processes that do not end are killed: ${[...this.#bornAt.keys()].map(describe).join(', ')}`);
      this.#passOn('SIGKILL');
    });
    this.#leaveIfDone();
  }

  #passOn(signal: NodeJS.Signals): void {
    for (const worker of this.#bornAt.keys()) worker.process.kill(signal);
  }

  #onExit(worker: Worker, code: number | null, signal: string | null): void {
    const isReplaced = this.#leaving.delete(worker);
    // A worker that could not start has logged why.
    this.#isEnding ||= !this.#isServing;
    if (this.#isEnding) {
      this.#bornAt.delete(worker);
      // A worker that was still starting cannot end gracefully.
      if (signal === null || !isEndSignal(signal)) this.#exitCode ||= code ?? 1;
      this.#leaveIfDone();
      return;
    }
    const how = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
    if (isReplaced) this.#logger.log(`Process ${describe(worker)} ${how}`);
    const bornAt = this.#bornAt.get(worker);
    this.#bornAt.delete(worker);
    if (!isReplaced) this.#replace(worker, how, bornAt);
  }

  /**
   * Replaces missing workers after a pause. The pause grows while workers die young, because the next one will have the
   * same fault; but while none is left, one starts after the first, short pause.
   */
  #replace(worker: Worker, what: string, bornAt = this.#bornAt.get(worker)): void {
    const livedMs = this.#clock.monotonic() - (bornAt ?? 0);
    this.#delayMs = livedMs < SHORT_LIFE_MS ? Math.min(this.#delayMs * 2, LONGEST_DELAY_MS) : FIRST_DELAY_MS;
    const isLast = this.#staying === 0;
    const delayMs = isLast ? FIRST_DELAY_MS : this.#delayMs;
    this.#logger.error(`Process ${describe(worker)} ${what}; another one starts in ${delayMs} ms`);
    if (isLast) {
      this.#clock.after(delayMs, () => {
        if (!this.#isEnding && this.#staying === 0) this.#fork();
      });
    }
    if (this.#isRestarting) return;
    this.#isRestarting = true;
    this.#clock.after(this.#delayMs, () => {
      this.#isRestarting = false;
      if (!this.#isEnding) this.#fill();
    });
  }

  #leaveIfDone(): void {
    if (this.#bornAt.size === 0) process.exit(this.#exitCode);
  }
}

function describe(worker: Worker): string {
  return String(worker.process.pid);
}
