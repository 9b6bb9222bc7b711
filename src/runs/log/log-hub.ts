import { Logger } from '@nestjs/common';
import { OverloadedError } from '../../errors/index.js';
import { type Clock, describeError, type Timer } from '../../kernel/index.js';
import type { LogPage, RunLogStore } from '../store/run-log-store.js';

/** How often logs are read even if the store reports no changes, in milliseconds. */
const LOOK_EVERY_MS = 1_000;
/** Most logs in one read. */
const MOST_READ = 300;

/**
 * Wakes a waiting reader: there are new events, it must read the store itself, the store was away and may have lost
 * events meanwhile, or this process has released the run.
 */
export type LogNews = LogPage | 'look' | 'doubt' | 'released';

/** A reader that waits for more of a log. */
export interface LogWait {
  readonly news: Promise<LogNews>;
  /** True if the log is read periodically even without a reported change. */
  readonly isWatched: boolean;
  /** Stops waiting. */
  readonly leave: () => void;
}

interface Waiter {
  /** Number of the next event. */
  readonly from: number;
  /** True if the store could not be read while it waited. */
  isInDoubt: boolean;
  tell(news: LogNews): void;
}

/**
 * Where readers wait for runs that are active elsewhere. The store is read once for all runs with new events, however
 * many readers there are.
 */
export class LogHub {
  readonly #logger = new Logger('Runs');
  readonly #store: RunLogStore;
  readonly #clock: Clock;
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Runs with new events that have not been read yet. */
  #moved = new Set<string>();
  #isReading = false;
  #isClosed = false;
  #timer: Timer | undefined;

  constructor(store: RunLogStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Waits for an event with this number, or the end of the log. To be called before the log is read: nothing is missed then. */
  wait(id: string, from: number): LogWait {
    let tell!: (news: LogNews) => void;
    const news = new Promise<LogNews>((resolve) => {
      tell = resolve;
    });
    if (this.#isClosed) {
      tell('released');
      return { news, isWatched: true, leave: () => undefined };
    }
    const waiter = { from, tell, isInDoubt: false };
    const others = this.#waiters.get(id);
    if (others === undefined) this.#waiters.set(id, new Set([waiter]));
    else others.add(waiter);
    this.#lookLater();
    return { news, isWatched: this.#store.isShared, leave: () => this.#remove(id, waiter) };
  }

  /** Wakes the readers of a run that is now active in this process, or has ended here. */
  wake(id: string): void {
    for (const waiter of this.#waiters.get(id) ?? []) waiter.tell('look');
    this.#waiters.delete(id);
  }

  /** Reads these runs, to which another process may have added events. */
  look(runs: Iterable<string>): void {
    for (const id of runs) {
      if (this.#waiters.has(id)) this.#moved.add(id);
    }
    if (!this.#isReading && this.#moved.size > 0) void this.#read();
  }

  /** Reads all runs that have waiting readers. */
  lookAtAll(): void {
    this.look(this.#waiters.keys());
  }

  /** Readers go elsewhere. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.tell('released');
    this.#waiters.clear();
  }

  #remove(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    if (waiters?.delete(waiter) === true && waiters.size === 0) this.#waiters.delete(id);
  }

  #lookLater(): void {
    if (!this.#store.isShared || this.#timer !== undefined) return;
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => {
      this.#timer = undefined;
      if (this.#waiters.size === 0) return;
      this.lookAtAll();
      this.#lookLater();
    });
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#moved.size > 0 && !this.#isClosed) {
        const ids = [...this.#moved].slice(0, MOST_READ);
        for (const id of ids) this.#moved.delete(id);
        const cursors = ids.flatMap((id) => {
          const waiters = this.#waiters.get(id);
          return waiters === undefined ? [] : [{ id, from: Math.max(...Array.from(waiters, ({ from }) => from)) }];
        });
        if (cursors.length === 0) continue;
        const pages = await this.#store.readMany(cursors);
        for (const { id, from } of cursors) this.#tell(id, from, pages.get(id));
      }
    } catch (error) {
      // The readers keep waiting; all logs are read again in a moment.
      this.#moved = new Set();
      for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.isInDoubt = true;
      if (!(error instanceof OverloadedError))
        this.#logger.error(`Logs cannot be read: ${describeError(error).message}`);
    } finally {
      this.#isReading = false;
    }
  }

  #tell(id: string, from: number, page: LogPage | undefined): void {
    const hasNews = page === undefined || page.isOver || page.events.length > 0;
    for (const waiter of this.#waiters.get(id) ?? []) {
      if (waiter.isInDoubt) waiter.tell('doubt');
      else if (waiter.from !== from) waiter.tell('look');
      else if (hasNews) waiter.tell(page ?? 'look');
      else continue;
      this.#remove(id, waiter);
    }
  }
}
