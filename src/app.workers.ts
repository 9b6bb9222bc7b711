import cluster, { type Worker } from 'node:cluster';
import type { LoggerService } from '@nestjs/common';
import { onSignals } from './app.shut-down.js';
import { type Clock, SystemClock } from './kernel/index.js';
import { answerClusterMetrics } from './metrics/index.js';

/** A worker that dies sooner than this after its start has a fault that the next one will have, too; in milliseconds. */
const SHORT_LIFE_MS = 10_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const HOUR_MS = 3_600_000;

/**
 * Keeps a number of worker processes at work that share one port. This process answers no requests itself: it starts the
 * workers, replaces those that die, passes signals on, and adds up their metrics.
 */
export function keepWorkers(count: number, logger: LoggerService): void {
  new Workers(count, logger, new SystemClock()).start();
}

class Workers {
  readonly #count: number;
  readonly #logger: LoggerService;
  readonly #clock: Clock;
  readonly #bornAt = new Map<Worker, number>();
  #delayMs = FIRST_DELAY_MS;
  #isRestarting = false;
  #isServing = false;
  #isEnding = false;
  #exitCode = 0;

  constructor(count: number, logger: LoggerService, clock: Clock) {
    this.#count = count;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Starts the first worker, and the others once it listens: what keeps one from starting is then said once. */
  start(): void {
    answerClusterMetrics();
    cluster.on('exit', (worker, code, signal) => this.#onExit(worker, code, signal));
    cluster.once('listening', () => {
      this.#isServing = true;
      this.#fill();
      this.#logger.log(`Processes: ${this.#count} share the port`);
    });
    onSignals(
      this.#clock,
      () => {
        this.#isEnding = true;
        this.#passOn();
        this.#leaveIfDone();
      },
      (_name, _first, exitCode) => {
        // Each of them leaves at once at its second signal.
        this.#exitCode = exitCode;
        this.#passOn();
      },
    );
    // While all workers are dead nothing else keeps this process.
    setInterval(() => undefined, HOUR_MS);
    this.#fork();
  }

  #fork(): void {
    this.#bornAt.set(cluster.fork(), this.#clock.monotonic());
  }

  #fill(): void {
    while (this.#bornAt.size < this.#count) this.#fork();
  }

  #passOn(): void {
    for (const worker of this.#bornAt.keys()) worker.process.kill('SIGTERM');
  }

  #onExit(worker: Worker, code: number | null, signal: string | null): void {
    const livedMs = this.#clock.monotonic() - (this.#bornAt.get(worker) ?? 0);
    this.#bornAt.delete(worker);
    // One that could not start has said why.
    this.#isEnding ||= !this.#isServing;
    if (this.#isEnding) {
      // One that was still starting knows no graceful end.
      if (signal !== 'SIGTERM') this.#exitCode ||= code ?? 1;
      this.#leaveIfDone();
      return;
    }
    this.#delayMs = livedMs < SHORT_LIFE_MS ? Math.min(this.#delayMs * 2, LONGEST_DELAY_MS) : FIRST_DELAY_MS;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    this.#logger.error(`Process ${worker.process.pid} ended ${how}; another one starts in ${this.#delayMs} ms`);
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
