import type { Clock, Timer } from '../../kernel/index.js';

/** What is known of one run. */
interface Watched {
  readers: number;
  /** True if the run is to end when nobody reads it. */
  isBound: boolean;
  /** Runs while it is bound and has no reader. */
  grace: Timer | undefined;
}

/**
 * Counts the readers of each run, in whatever form they read it, and ends the runs that are bound to them once they have been away
 * for a while. Who comes back in time finds the run at work.
 */
export class Audience {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #onLeft: (run: string) => void;
  readonly #watched = new Map<string, Watched>();

  /**
   * @param graceMs for how long nobody may read a run that is bound to its readers, in milliseconds
   * @param onLeft told of a bound run that nobody has read for so long, once
   */
  constructor(clock: Clock, graceMs: number, onLeft: (run: string) => void) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#onLeft = onLeft;
  }

  /** Somebody reads a run. @returns to be called when they leave; later calls do nothing */
  join(run: string): () => void {
    const watched = this.#find(run);
    watched.readers++;
    watched.grace?.cancel();
    watched.grace = undefined;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      watched.readers--;
      this.#settle(run, watched);
    };
  }

  /** From now on the run ends when it has had no reader for the grace time. */
  bind(run: string): void {
    const watched = this.#find(run);
    watched.isBound = true;
    this.#settle(run, watched);
  }

  /** The run is over, or goes on elsewhere. */
  release(run: string): void {
    const watched = this.#watched.get(run);
    if (watched === undefined) return;
    watched.isBound = false;
    watched.grace?.cancel();
    watched.grace = undefined;
    this.#settle(run, watched);
  }

  #find(run: string): Watched {
    let watched = this.#watched.get(run);
    if (watched === undefined) {
      watched = { readers: 0, isBound: false, grace: undefined };
      this.#watched.set(run, watched);
    }
    return watched;
  }

  #settle(run: string, watched: Watched): void {
    if (watched.readers > 0) return;
    if (!watched.isBound) this.#watched.delete(run);
    else {
      watched.grace ??= this.#clock.after(this.#graceMs, () => {
        this.release(run);
        this.#onLeft(run);
      });
    }
  }
}
