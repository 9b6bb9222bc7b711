import type { Clock, Timer } from '../../kernel/index.js';
import type { RunLogStore } from '../store/run-log-store.js';

/** How often others are told which runs are read here, in milliseconds: at least three times in the grace time. */
const MARK_EVERY_MS = 5_000;

/** What is known of one run. */
interface Watched {
  readers: number;
  /** True if the run is to end when nobody reads it. */
  isBound: boolean;
  /** True once other processes can say that they read it. */
  isShown: boolean;
  /** Runs while it is bound and has no reader here. */
  grace: Timer | undefined;
}

/** What {@link Audience} needs. */
export interface AudienceParts {
  readonly clock: Clock;
  /** Where processes tell one another which runs are read. */
  readonly store: Pick<RunLogStore, 'isShared' | 'bindToReaders' | 'markRead' | 'findUnreadTime'>;
  /** Id of this process. */
  readonly worker: string;
  /** For how long nobody may read a run that is bound to its readers, in milliseconds. */
  readonly graceMs: number;
  /** Told of a bound run that nobody has read for so long, in any process, once. */
  readonly onLeft: (run: string) => void;
}

/**
 * Counts the readers of each run, in whatever form they read it, and ends the runs that are bound to them once they have been away
 * for a while. Who comes back in time finds the run at work. Readers may be in other processes than the run: those say so from time to
 * time, and when a reader comes or leaves.
 */
export class Audience {
  readonly #parts: AudienceParts;
  readonly #watched = new Map<string, Watched>();
  /** Runs whose readers have come or left here since others were told. */
  readonly #moved = new Set<string>();
  readonly #marking: Timer;
  #isTimed = false;
  #isTelling = false;

  constructor(parts: AudienceParts) {
    this.#parts = parts;
    const { clock, graceMs } = parts;
    this.#marking = clock.after(Math.min(MARK_EVERY_MS, graceMs / 3), () => this.#markAll());
    this.#marking.cancel();
  }

  /** Somebody reads a run. @returns to be called when they leave; later calls do nothing */
  join(run: string): () => void {
    const watched = this.#find(run);
    if (++watched.readers === 1) this.#mark(run);
    watched.grace?.cancel();
    watched.grace = undefined;
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      if (--watched.readers === 0) this.#mark(run);
      this.#settle(run, watched);
    };
  }

  /** From now on the run ends when it has had no reader for the grace time. */
  bind(run: string): void {
    const watched = this.#find(run);
    watched.isBound = true;
    void this.#show(run, watched);
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
      watched = { readers: 0, isBound: false, isShown: false, grace: undefined };
      this.#watched.set(run, watched);
    }
    return watched;
  }

  #settle(run: string, watched: Watched): void {
    if (watched.readers > 0) return;
    if (!watched.isBound) this.#watched.delete(run);
    else if (watched.grace === undefined) this.#wait(run, watched, this.#parts.graceMs);
  }

  #wait(run: string, watched: Watched, ms: number): void {
    const grace = this.#parts.clock.after(ms, () => void this.#look(run, watched, grace));
    watched.grace = grace;
  }

  /** Nobody has read the run here for a while. Never rejects. */
  async #look(run: string, watched: Watched, grace: Timer): Promise<void> {
    const { graceMs, onLeft } = this.#parts;
    const unreadMs = await this.#findUnreadTime(run, watched);
    // Somebody came, or it is over.
    if (watched.grace !== grace) return;
    if (unreadMs !== undefined && unreadMs < graceMs) this.#wait(run, watched, graceMs - unreadMs);
    else {
      this.release(run);
      if (unreadMs !== undefined) onLeft(run);
    }
  }

  /** For how long nobody has read the run anywhere; 0 if that cannot be known. Never rejects. */
  async #findUnreadTime(run: string, watched: Watched): Promise<number | undefined> {
    if (!watched.isShown) await this.#show(run, watched);
    if (!watched.isShown) return 0;
    const { store, worker } = this.#parts;
    return store.findUnreadTime(run, worker).catch(() => 0);
  }

  /** Never rejects. */
  async #show(run: string, watched: Watched): Promise<void> {
    watched.isShown = await this.#parts.store.bindToReaders(run).then(
      () => true,
      () => false,
    );
  }

  #mark(run: string): void {
    if (!this.#parts.store.isShared) return;
    if (this.#moved.size === 0) process.nextTick(() => void this.#tell());
    this.#moved.add(run);
    if (!this.#isTimed) this.#marking.restart();
    this.#isTimed = true;
  }

  #markAll(): void {
    this.#isTimed = false;
    for (const [run, { readers }] of this.#watched) if (readers > 0) this.#mark(run);
  }

  /** Never rejects: what is not told now is told next time. */
  async #tell(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#moved.size > 0) {
      const runs = [...this.#moved];
      this.#moved.clear();
      await this.#parts.store.markRead(runs).catch(() => undefined);
    }
    this.#isTelling = false;
  }
}
