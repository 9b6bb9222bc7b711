import { OverloadedError } from '../../errors/index.js';
import type { LogCursor, LogPage } from '../store/run-log-store.js';
import type { LogNews, LogWait } from './log-hub.js';
import type { LoggedEvent } from './logged-event.js';
import type { LogEnding, OpenLog } from './open-log.js';

/** Where readers find logs: one read of the store serves all readers that need the same part. */
export interface LogSource {
  /** The log, while its run is active in this process. */
  findOpen(id: string): OpenLog | undefined;
  /**
   * See `RunLogStore.read`.
   * @returns `released` if no more events come from this process
   */
  read(id: string, from: number): Promise<LogPage | 'released' | undefined>;
  /** Waits for more events of a run that is active elsewhere. */
  wait(id: string, from: number): LogWait;
  /** The time, if nothing can happen in the run before this process begins it. Milliseconds since the Unix epoch. */
  findQuietTime(id: string): number | undefined;
}

/**
 * Reads one log from a number to its end: stored events at once and new ones as they come, each once and in order. A
 * slow reader lags behind in the log and delays nobody.
 */
export class LogFollower {
  readonly #source: LogSource;
  readonly #id: string;
  readonly #from: number;
  /** The number of the next event. */
  #number: number;
  #open: OpenLog | undefined;
  readonly #leave: () => void;
  #isClosed = false;
  /** True while there is nothing to read. */
  #isWaiting = false;
  /** True if the store may have lost events that this reader has. */
  #isInDoubt = false;
  #onClose: (() => void) | undefined;

  /**
   * @param cursor where it begins to read
   * @param leave called when the reader leaves
   */
  constructor(source: LogSource, { id, from }: LogCursor, leave: () => void) {
    this.#source = source;
    this.#id = id;
    this.#from = from;
    this.#number = from;
    this.#leave = leave;
    this.#open = source.findOpen(id);
  }

  /**
   * The time, if this reader has seen everything that has happened up to now; else undefined. Milliseconds since the
   * Unix epoch. Whatever happens later has this time or a later one.
   */
  get quietAt(): number | undefined {
    const open = this.#open;
    if (open === undefined) return this.#isWaiting ? this.#source.findQuietTime(this.#id) : undefined;
    if (open.ending !== undefined || open.isBehind || open.length !== this.#number) return undefined;
    return open.now();
  }

  /**
   * Waits for the next events.
   * @returns `over` after the last event, or once the reader was closed; `gone` if the run was removed; `released` if
   *   there is more to come, and not from this process, or if the store has lost events that this reader has
   * @throws OverloadedError if the store is unavailable
   */
  async next(): Promise<readonly LoggedEvent[] | LogEnding> {
    while (!this.#isClosed) {
      this.#open ??= this.#source.findOpen(this.#id);
      const open = this.#open;
      const newest = open?.findPiece(this.#number);
      if (newest !== undefined) return this.#take(newest.events);
      if (open !== undefined && open.length === this.#number && open.ending !== 'gone') {
        if (open.ending !== undefined) return open.ending;
        await this.#wait(open);
        continue;
      }
      this.#open = undefined;
      // The store may have refused events because it has lost earlier ones.
      this.#isInDoubt ||= open?.ending === 'gone';
      const page =
        open === undefined
          ? await this.#readOrWait(this.#source.wait(this.#id, this.#number))
          : await this.#readSource();
      this.#isInDoubt ||= page === 'doubt';
      if (page === 'look' || page === 'doubt') continue;
      if (page === undefined) return 'gone';
      if (page === 'released') return page;
      if (page.events.length > 0) return this.#take(page.events);
      if (page.isOver) return 'over';
    }
    return 'over';
  }

  /** Ends the reading. To be called in any case; later calls do nothing. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
    this.#onClose?.();
  }

  /** What the log has, or else what comes next. */
  async #readOrWait({ news, isWatched, leave }: LogWait): Promise<LogNews | undefined> {
    try {
      const page = await this.#read(isWatched);
      if (page === undefined || page === 'released' || page.isOver || page.events.length > 0) return page;
      if (this.#isClosed || this.#source.findOpen(this.#id) !== undefined) return 'look';
      this.#isWaiting = true;
      return await Promise.race([news, this.#waitUntilClosed()]);
    } finally {
      this.#isWaiting = false;
      this.#onClose = undefined;
      leave();
    }
  }

  /** @param canWait true: a reader that has begun waits while the store is unavailable */
  async #read(canWait: boolean): Promise<LogPage | 'released' | undefined> {
    try {
      return await this.#readSource();
    } catch (error) {
      if (!canWait || this.#number === this.#from || !(error instanceof OverloadedError)) throw error;
      return { events: [], isOver: false };
    }
  }

  /**
   * If in doubt, checks that the last event of this reader is still there. Otherwise other events would follow under
   * the numbers of the lost ones. The client comes back with its number, and then gets an error.
   */
  async #readSource(): Promise<LogPage | 'released' | undefined> {
    if (!this.#isInDoubt || this.#number === 0) return this.#source.read(this.#id, this.#number);
    const page = await this.#source.read(this.#id, this.#number - 1);
    if (page === undefined || page === 'released') return page;
    if (page.events.length === 0) return 'released';
    this.#isInDoubt = false;
    return page.events.length === 1
      ? this.#source.read(this.#id, this.#number)
      : { ...page, events: page.events.slice(1) };
  }

  #waitUntilClosed(): Promise<'look'> {
    return new Promise((resolve) => {
      this.#onClose = () => resolve('look');
    });
  }

  #take(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    this.#number += events.length;
    return events;
  }

  async #wait(open: OpenLog): Promise<void> {
    await new Promise<void>((resolve) => {
      const leave = open.watch(resolve);
      // Not assigned directly: V8 would then make the closure in its old space, where it would keep everything it
      // refers to.
      const close = (): void => {
        leave();
        resolve();
      };
      this.#onClose = close;
    });
    this.#onClose = undefined;
  }
}
