import type { Clock, Timer } from '../../kernel/index.js';
import type { RunLogStore } from '../store/run-log-store.js';

/** How often this process reports which runs are read here, in milliseconds: at least three times in the grace time. */
const MARK_EVERY_MS = 5_000;

/** What this process knows of one run. */
interface Watched {
  readers: number;
  /** True if the run ends when it has no readers. */
  isBound: boolean;
  /** True once other processes can report that they read it. */
  isShown: boolean;
  /** Active while the run is bound and has no reader here. */
  grace: Timer | undefined;
}

/** What {@link Audience} needs. */
interface AudienceParts {
  readonly clock: Clock;
  /** Where processes share which runs are read. */
  readonly store: Pick<RunLogStore, 'isShared' | 'bindToReaders' | 'markRead' | 'findUnreadTime'>;
  /** Id of this process. */
  readonly worker: string;
  /** How long a run that is bound to its readers may be without one, in milliseconds. */
  readonly graceMs: number;
  /** Called once for a bound run that had no reader in any process for this long. */
  readonly onLeft: (run: string) => void;
}

/**
 * Counts the readers of each run, in whatever form they read it, and ends bound runs once they have had no reader for a
 * while. A reader that returns in time finds the run still active. Readers may be in other processes than the run:
 * those report it periodically, and when a reader comes or leaves.
 */
export class Audience {
  readonly #parts: AudienceParts;
  readonly #watched = new Map<string, Watched>();
  /** Runs whose readers have come or left here since the last report. */
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

  /**
   * Counts a reader of a run.
   * @returns to be called when the reader leaves; later calls do nothing
   */
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

  /** Binds the run to its readers: it ends when it has had none for the grace time. */
  bind(run: string): void {
    const watched = this.#find(run);
    watched.isBound = true;
    void this.#show(run, watched);
    this.#settle(run, watched);
  }

  /** Forgets a run that is over or continues elsewhere. */
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

  /** Handles a run that has had no reader here for a while. Never rejects. */
  async #look(run: string, watched: Watched, grace: Timer): Promise<void> {
    const { graceMs, onLeft } = this.#parts;
    const unreadMs = await this.#findUnreadTime(run, watched);
    // A reader has come, or the run is over.
    if (watched.grace !== grace) return;
    if (unreadMs !== undefined && unreadMs < graceMs) this.#wait(run, watched, graceMs - unreadMs);
    else {
      this.release(run);
      if (unreadMs !== undefined) onLeft(run);
    }
  }

  /** How long the run has had no reader in any process, in milliseconds; 0 if this cannot be known. Never rejects. */
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

  /** Never rejects: what cannot be reported now is reported next time. */
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
