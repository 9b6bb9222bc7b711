import { Observable, type Observer, type OperatorFunction, type Subscriber } from 'rxjs';
import { type Clock, type Timer, TIMER_TOLERANCE_MS } from '../kernel/index.js';

/** How {@link coalesce} treats the items of a stream. */
interface CoalesceOptions<T> {
  readonly clock: Clock;
  /** False for items that are left out as if they had never come. Absent: none is. */
  readonly isWanted?: (item: T) => boolean;
  /**
   * Least time in milliseconds between this item and the one sent before it. 0 sends it at once; so does undefined, for
   * items that are no text and must keep their place in the order.
   */
  readonly chooseWindow: (item: T) => number | undefined;
  /** The two items as one, or undefined if they cannot be (another node or channel): then the held one is sent first. */
  readonly merge: (held: T, next: T) => T | undefined;
}

/**
 * Joins items that follow one another faster than a client can use. An item that comes when the window since the last one
 * has passed goes out in the same turn; those that come earlier are merged, and leave together when the window ends. So
 * nothing is lost or reordered, a lone token is never delayed, and a steady flow never starves (unlike `debounceTime`,
 * which is silent until a pause). What is held leaves at once before any item that cannot be merged with it, and before the
 * end or error of the stream. What its options throw becomes the error of the stream.
 *
 * At most one timer is pending per stream, and none while nothing is held.
 */
export function coalesce<T>(options: CoalesceOptions<T>): OperatorFunction<T, T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      const coalescer = new Coalescer(options, subscriber);
      const subscription = source.subscribe(coalescer);
      return () => {
        coalescer.stop();
        subscription.unsubscribe();
      };
    });
}

/** One coalesced stream. A class, because closures take several times as much of each open stream. */
class Coalescer<T> implements Observer<T> {
  readonly #options: CoalesceOptions<T>;
  readonly #subscriber: Subscriber<T>;
  #held: T | undefined;
  #isHolding = false;
  /** When the held item leaves, by the monotonic clock. */
  #dueAt = 0;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  /** Made for the first item that is held. */
  #onTimer: (() => void) | undefined;

  constructor(options: CoalesceOptions<T>, subscriber: Subscriber<T>) {
    this.#options = options;
    this.#subscriber = subscriber;
  }

  next(item: T): void {
    try {
      this.#take(item);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  error(error: unknown): void {
    this.#flush(this.#options.clock.monotonic());
    this.#subscriber.error(error);
  }

  complete(): void {
    this.#flush(this.#options.clock.monotonic());
    this.#subscriber.complete();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #take(item: T): void {
    const { isWanted, chooseWindow, merge, clock } = this.#options;
    if (isWanted?.(item) === false) return;
    const window = chooseWindow(item);
    const now = clock.monotonic();
    if (window === undefined || window <= 0) {
      this.#flush(now);
      if (window === undefined) this.#subscriber.next(item);
      else this.#send(item, now);
      return;
    }
    if (this.#isHolding) {
      const merged = merge(this.#held as T, item);
      if (merged !== undefined) {
        this.#held = merged;
        // A busy event loop can be late with its timers; then the next item ends the window.
        if (now >= this.#dueAt) this.#flush(now);
        return;
      }
      this.#flush(now);
    }
    if (now - this.#lastSentAt >= window) this.#send(item, now);
    else this.#hold(item, this.#lastSentAt + window, now);
  }

  #send(item: T, at: number): void {
    this.#lastSentAt = at;
    this.#subscriber.next(item);
  }

  #flush(at: number): void {
    if (!this.#isHolding) return;
    const item = this.#held as T;
    this.#drop();
    this.#timer?.cancel();
    this.#send(item, at);
  }

  #drop(): void {
    this.#held = undefined;
    this.#isHolding = false;
  }

  #hold(item: T, dueAt: number, now: number): void {
    // The subscriber may have left when it got the item.
    if (this.#subscriber.closed) return;
    this.#held = item;
    this.#isHolding = true;
    this.#dueAt = dueAt;
    this.#wait(dueAt - now);
  }

  #wait(ms: number): void {
    const onTimer = (this.#onTimer ??= () => this.#endWindow());
    this.#timer = this.#options.clock.after(ms, onTimer);
  }

  #endWindow(): void {
    if (!this.#isHolding) return;
    try {
      const now = this.#options.clock.monotonic();
      // Timers count from the start of the event loop's turn, so after a long turn they fire early.
      if (this.#dueAt - now > TIMER_TOLERANCE_MS) this.#wait(this.#dueAt - now);
      else this.#flush(now);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** An error thrown here, or in a timer, would end the process, because it could not be caught. */
  #fail(thrown: unknown): void {
    this.#drop();
    this.#subscriber.error(thrown);
  }
}
