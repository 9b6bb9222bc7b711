import type { LogPage } from '../store/run-log-store.js';
import type { LoggedEvent } from './logged-event.js';
import type { LogEnding, OpenLog } from './open-log.js';

/** Where readers find logs: one read of the store serves all who want the same. */
export interface LogSource {
  /** The log, while its run is at work in this process. */
  findOpen(id: string): OpenLog | undefined;
  /**
   * See `RunLogStore.read`. A run that has not ended waits or is at work here when this resolves.
   * @returns `released` if it is neither: another process will go on with it
   */
  read(id: string, from: number): Promise<LogPage | 'released' | undefined>;
}

/**
 * Reads one log to its end, stored events at once and then those that come, each once and in order. A reader that is slow lags in
 * the log, and holds up nobody.
 */
export class LogFollower {
  readonly #source: LogSource;
  readonly #id: string;
  /** Of the next event. */
  #number = 0;
  #open: OpenLog | undefined;
  readonly #leave: () => void;
  #isClosed = false;
  #onClose: (() => void) | undefined;

  /** @param leave called when the reader leaves */
  constructor(source: LogSource, id: string, leave: () => void) {
    this.#source = source;
    this.#id = id;
    this.#leave = leave;
    this.#open = source.findOpen(id);
  }

  /**
   * The time, if nothing has happened up to now that this reader has not seen; else undefined. Milliseconds since the Unix epoch.
   * Whatever happens later has this time or a later one.
   */
  get quietAt(): number | undefined {
    const open = this.#open;
    if (open === undefined || open.ending !== undefined || open.isBehind || open.length !== this.#number)
      return undefined;
    return open.now();
  }

  /**
   * The next events, when there are any.
   * @returns `over` behind the last event, or once the reader was closed; `gone` if the run was removed; `released` if there is more
   *   to come, and not from this process
   * @throws OverloadedError if the store is away
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
      const page = await this.#source.read(this.#id, this.#number);
      if (page === undefined) return 'gone';
      if (page === 'released') return page;
      if (page.events.length > 0) return this.#take(page.events);
      if (page.isOver) return 'over';
      this.#open = undefined;
    }
    return 'over';
  }

  /** The reader leaves. To be called in any case; later calls do nothing. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
    this.#onClose?.();
  }

  #take(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    this.#number += events.length;
    return events;
  }

  async #wait(open: OpenLog): Promise<void> {
    await new Promise<void>((resolve) => {
      const leave = open.watch(resolve);
      // Assigned at once, V8 would make it in its old space, where it would keep all that it knows.
      const close = (): void => {
        leave();
        resolve();
      };
      this.#onClose = close;
    });
    this.#onClose = undefined;
  }
}
