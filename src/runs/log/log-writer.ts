import { Logger } from '@nestjs/common';
import { describeError, type Clock, type Timer } from '../../kernel/index.js';
import type { Instruments } from '../../metrics/index.js';
import type { AppendVerdict, LogBatch } from '../store/log-batch.js';
import type { RunLogStore } from '../store/run-log-store.js';
import type { OpenLog } from './open-log.js';

/** Least time between two commits, in milliseconds. The first thing that is written after a pause does not wait. */
const WINDOW_MS = 25;
/**
 * A row of a log costs a database more than the events in it. So a commit takes this many of the runs that have just
 * been written, the longest waiting first: if more of them are active, each has several events in its row. A run that
 * was in no commit for {@link LONGEST_MS}, or whose log a caller waits for, comes with the next one in any case.
 */
const USUAL_RUNS = 50;
/** Longest wait of an active run for its turn, in milliseconds. */
const LONGEST_MS = 200;
/** Most runs in one commit. */
const MOST_RUNS = 300;
/** Pause before a failed commit is tried again, and the total time before the runs are given up. Milliseconds. */
const TRY_AGAIN_MS = 500;
const GIVE_UP_AFTER_MS = 10_000;

type WriterInstruments = Pick<Instruments, 'commitDuration' | 'fencedCommits' | 'logBytes'>;

/**
 * Writes all open logs of this process into the store: one commit at a time, with the events of all runs since the last
 * one. A statement for each event would cost many times as much (measured).
 */
export class LogWriter {
  readonly #logger = new Logger('Runs');
  readonly #store: RunLogStore;
  readonly #clock: Clock;
  readonly #onLost: (log: OpenLog) => void;
  readonly #onCancelled: (log: OpenLog) => void;
  readonly #instruments: WriterInstruments;
  readonly #waiting = new Set<OpenLog>();
  /** Monotonic times at which logs were in a commit. */
  readonly #takenAt = new WeakMap<OpenLog, number>();
  #isCommitting = false;
  #timer: Timer | undefined;
  #isScheduled = false;
  /** In milliseconds of the monotonic clock. */
  #lastAt = Number.NEGATIVE_INFINITY;
  /** Since when the store has failed. */
  #failingSince: number | undefined;

  /**
   * @param onLost called with the logs that the store refuses for good: their runs were removed or taken over by
   * another process, or the store has been unavailable for too long
   * @param onCancelled called with the logs whose runs must be cancelled
   * @param instruments measure the commits
   */
  constructor(
    store: RunLogStore,
    clock: Clock,
    onLost: (log: OpenLog) => void,
    onCancelled: (log: OpenLog) => void,
    instruments: WriterInstruments,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#onLost = onLost;
    this.#onCancelled = onCancelled;
    this.#instruments = instruments;
  }

  /** Marks a log that has new events to store. */
  readonly write = (log: OpenLog): void => {
    this.#waiting.add(log);
    this.#schedule();
  };

  /** How long the store has failed, in milliseconds; 0 while it works. */
  get failingForMs(): number {
    return this.#failingSince === undefined ? 0 : this.#clock.monotonic() - this.#failingSince;
  }

  #schedule(): void {
    if (this.#isCommitting || this.#isScheduled || this.#timer !== undefined || this.#waiting.size === 0) return;
    const now = this.#clock.monotonic();
    const waitMs = this.#failingSince === undefined ? this.#lastAt + WINDOW_MS - now : TRY_AGAIN_MS;
    if (waitMs > 0) {
      this.#timer = this.#clock.after(waitMs, () => {
        this.#timer = undefined;
        void this.#commit();
      });
      return;
    }
    // Together with all other events of this turn of the event loop.
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      void this.#commit();
    });
  }

  /** Never rejects. */
  async #commit(): Promise<void> {
    const now = this.#clock.monotonic();
    const logs: OpenLog[] = [];
    const batches: LogBatch[] = [];
    for (const log of this.#choose(now)) {
      const batch = log.takeBatch();
      if (batch === undefined) continue;
      logs.push(log);
      batches.push(batch);
    }
    if (batches.length === 0) {
      this.#schedule();
      return;
    }
    this.#isCommitting = true;
    this.#lastAt = now;
    try {
      const verdicts = await this.#store.append(batches);
      this.#failingSince = undefined;
      this.#measure(batches, verdicts);
      logs.forEach((log, place) => {
        const { isKept = false, isCancelled = false } = verdicts[place] ?? {};
        if (isKept) log.show();
        else this.#lose(log, 'gone');
        if (isCancelled) this.#onCancelled(log);
        if (log.isBehind) this.#waiting.add(log);
      });
    } catch (error) {
      this.#tryAgain(logs, error);
    }
    this.#isCommitting = false;
    this.#schedule();
  }

  /** Takes the logs for the next commit from the waiting ones. */
  #choose(now: number): readonly OpenLog[] {
    const urgent: OpenLog[] = [];
    const due: OpenLog[] = [];
    const patient: OpenLog[] = [];
    for (const log of this.#waiting) {
      const takenAt = this.#takenAt.get(log);
      if (takenAt === undefined || log.isAwaited) urgent.push(log);
      else if (now - takenAt >= LONGEST_MS) due.push(log);
      else patient.push(log);
    }
    const most = Math.min(MOST_RUNS, Math.max(USUAL_RUNS, urgent.length + due.length));
    const chosen = [...urgent, ...due, ...patient].slice(0, most);
    for (const log of chosen) {
      this.#waiting.delete(log);
      this.#takenAt.set(log, now);
    }
    return chosen;
  }

  #measure(batches: readonly LogBatch[], verdicts: readonly AppendVerdict[]): void {
    const { commitDuration, fencedCommits, logBytes } = this.#instruments;
    commitDuration.observe((this.#clock.monotonic() - this.#lastAt) / 1_000);
    let bytes = 0;
    batches.forEach(({ events }, place) => {
      if (verdicts[place]?.isKept !== true) fencedCommits.inc();
      else for (const event of events) bytes += Buffer.byteLength(event);
    });
    logBytes.inc(bytes);
  }

  #tryAgain(logs: readonly OpenLog[], error: unknown): void {
    const now = this.#clock.monotonic();
    if (this.#failingSince === undefined) {
      this.#failingSince = now;
      this.#logger.error(`The logs of ${logs.length} runs cannot be written: ${describeError(error).message}`);
    }
    const isOver = now - this.#failingSince >= GIVE_UP_AFTER_MS;
    for (const log of logs) {
      if (isOver) this.#lose(log, 'released');
      else this.#waiting.add(log);
    }
    if (isOver) this.#failingSince = undefined;
  }

  #lose(log: OpenLog, ending: 'gone' | 'released'): void {
    log.close(ending);
    this.#onLost(log);
  }
}
