import { OverloadedError, RateLimitedError } from '../../errors/index.js';
import type { Clock, Timer } from '../../kernel/index.js';

/** Most runs that may wait in one process. */
const MOST_WAITING = 10_000;
/** How long a client is asked to wait, in milliseconds. It is a guess: nobody knows when a run ends. */
const RETRY_AFTER_MS = 5_000;
/** How soon a run is looked at again that its caller's own limits held back, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** A run that waits for its place. */
export interface PlaceSeeker {
  /** Id of its caller. */
  readonly owner: string;
  /** Takes the place. @returns false if its caller may not have another run at work now */
  begin(): boolean;
}

/** The places for runs that outlive their requests: so many at work in this process, in the order in which they came. */
export class RunPlaces {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #mostOfOwner: number;
  readonly #waiting = new Set<PlaceSeeker>();
  /** Those that wait, and those that are about to, by their callers. */
  readonly #ofOwners = new Map<string, number>();
  #atWork = 0;
  #timer: Timer | undefined;

  /**
   * @param most runs at work
   * @param mostOfOwner runs of one caller that wait
   */
  constructor(clock: Clock, most: number, mostOfOwner: number) {
    this.#clock = clock;
    this.#most = most;
    this.#mostOfOwner = mostOfOwner;
  }

  /** Runs that are at work. */
  get atWork(): number {
    return this.#atWork;
  }

  /** Runs that wait. */
  get waiting(): number {
    return this.#waiting.size;
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
    if (this.#waiting.size >= MOST_WAITING) {
      throw new OverloadedError('Too many runs wait to be started. Send the request again in a moment.', {
        code: 'overloaded',
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    this.#ofOwners.set(owner, waiting + 1);
    return () => {
      const left = (this.#ofOwners.get(owner) ?? 0) - 1;
      if (left > 0) this.#ofOwners.set(owner, left);
      else this.#ofOwners.delete(owner);
    };
  }

  /** The run begins as soon as there is a place: at once, or later. Its place is given back by {@link leave}. */
  enter(seeker: PlaceSeeker): void {
    this.#waiting.add(seeker);
    this.#fill();
  }

  /** The run does not wait any more. @returns false if it did not */
  drop(seeker: PlaceSeeker): boolean {
    return this.#waiting.delete(seeker);
  }

  /** A run that was at work is over. */
  leave(): void {
    this.#atWork--;
    this.#fill();
  }

  #fill(): void {
    const heldBack = new Set<string>();
    for (const seeker of this.#waiting) {
      if (this.#atWork >= this.#most) return;
      if (heldBack.has(seeker.owner)) continue;
      if (!seeker.begin()) {
        heldBack.add(seeker.owner);
        continue;
      }
      this.#waiting.delete(seeker);
      this.#atWork++;
    }
    if (heldBack.size === 0 || this.#timer !== undefined) return;
    // What its caller has at work beside this may end at any time, and tells nobody here.
    this.#timer = this.#clock.after(LOOK_AGAIN_MS, () => {
      this.#timer = undefined;
      this.#fill();
    });
  }
}
