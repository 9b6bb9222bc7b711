import { OverloadedError, RateLimitedError } from '../../errors/index.js';
import type { Clock, Timer } from '../../kernel/index.js';

/** Most runs that may wait in one process. */
export const MOST_WAITING = 10_000;
/** Priorities of runs count from 0 to this. */
const HIGHEST_PRIORITY = 9;
/** How long a client is asked to wait, in milliseconds. It is a guess: nobody knows when a run ends. */
const RETRY_AFTER_MS = 5_000;
/** How soon a run is looked at again that its caller's own limits held back, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** A run that waits for its place. */
export interface PlaceSeeker {
  /** Id of its caller. */
  readonly owner: string;
  /** From 0 to 9; those with 9 come first. */
  readonly priority: number;
  /** Takes the place. @returns false if its caller may not have another run at work now */
  begin(): boolean;
}

/** The places for runs that outlive their requests: so many at work in this process, by priority and then in the order in which they came. */
export class RunPlaces {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #mostOfOwner: number;
  readonly #mostWaiting: number;
  /** By priority, the highest first. */
  readonly #waiting = Array.from({ length: HIGHEST_PRIORITY + 1 }, () => new Set<PlaceSeeker>());
  /** Those that wait, and those that are about to, by their callers. */
  readonly #ofOwners = new Map<string, number>();
  #reserved = 0;
  #atWork = 0;
  #timer: Timer | undefined;

  /**
   * @param most runs at work
   * @param mostOfOwner runs of one caller that wait
   * @param mostWaiting runs of all callers that wait
   */
  constructor(clock: Clock, most: number, mostOfOwner: number, mostWaiting: number) {
    this.#clock = clock;
    this.#most = most;
    this.#mostOfOwner = mostOfOwner;
    this.#mostWaiting = mostWaiting;
  }

  /** Runs that are at work. */
  get atWork(): number {
    return this.#atWork;
  }

  /** Runs that wait for a place. */
  get waiting(): number {
    return this.#waiting.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Keeps room for a run that is about to come.
   * @returns to be called once, when it does not wait any more
   * @throws RateLimitedError if too many of this caller wait; OverloadedError if too many of all do
   */
  reserve(owner: string): () => void {
    const waiting = this.#ofOwners.get(owner) ?? 0;
    if (waiting >= this.#mostOfOwner) {
      throw new RateLimitedError(
        `Too many runs of this API key wait to be started: limit ${this.#mostOfOwner}. Try again when some of them have ended.`,
        'requests',
        RETRY_AFTER_MS,
      );
    }
    if (this.#reserved >= this.#mostWaiting) {
      throw new OverloadedError('Too many runs wait to be started. Send the request again in a moment.', {
        code: 'overloaded',
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    return this.count(owner);
  }

  /** Counts a run that waits whatever the limits say, as one that was let in by an earlier process. @returns as {@link reserve} */
  count(owner: string): () => void {
    this.#ofOwners.set(owner, (this.#ofOwners.get(owner) ?? 0) + 1);
    this.#reserved++;
    return () => {
      this.#reserved--;
      const left = (this.#ofOwners.get(owner) ?? 0) - 1;
      if (left > 0) this.#ofOwners.set(owner, left);
      else this.#ofOwners.delete(owner);
    };
  }

  /** The run begins as soon as there is a place: at once, or later. Its place is given back by {@link leave}. */
  enter(seeker: PlaceSeeker): void {
    this.#findQueue(seeker).add(seeker);
    this.#fill();
  }

  /** The run does not wait any more. @returns false if it did not */
  drop(seeker: PlaceSeeker): boolean {
    return this.#findQueue(seeker).delete(seeker);
  }

  /** A run that was at work is over. */
  leave(): void {
    this.#atWork--;
    this.#fill();
  }

  #findQueue({ priority }: PlaceSeeker): Set<PlaceSeeker> {
    return this.#waiting[HIGHEST_PRIORITY - priority] as Set<PlaceSeeker>;
  }

  #fill(): void {
    const heldBack = new Set<string>();
    for (const queue of this.#waiting) {
      for (const seeker of queue) {
        if (this.#atWork >= this.#most) return;
        if (heldBack.has(seeker.owner)) continue;
        if (!seeker.begin()) {
          heldBack.add(seeker.owner);
          continue;
        }
        queue.delete(seeker);
        this.#atWork++;
      }
    }
    if (heldBack.size === 0 || this.#timer !== undefined) return;
    // What its caller has at work beside this may end at any time, and tells nobody here.
    this.#timer = this.#clock.after(LOOK_AGAIN_MS, () => {
      this.#timer = undefined;
      this.#fill();
    });
  }
}
