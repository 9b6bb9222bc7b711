import { Observable, type OperatorFunction } from 'rxjs';
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
export function coalesce<T>({ clock, isWanted, chooseWindow, merge }: CoalesceOptions<T>): OperatorFunction<T, T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      let held: { item: T; dueAt: number } | undefined;
      let lastSentAt = Number.NEGATIVE_INFINITY;
      let timer: Timer | undefined;

      const send = (item: T, at: number): void => {
        lastSentAt = at;
        subscriber.next(item);
      };
      const flush = (at: number): void => {
        if (held === undefined) return;
        const { item } = held;
        held = undefined;
        timer?.cancel();
        send(item, at);
      };
      // What is thrown here, or in a timer, would end the process: nobody could catch it.
      const fail = (thrown: unknown): void => {
        held = undefined;
        subscriber.error(thrown);
      };
      const onTimer = (): void => {
        if (held === undefined) return;
        try {
          const now = clock.monotonic();
          // Timers count from the start of the event loop's turn, so after a long turn they fire early.
          if (held.dueAt - now > TIMER_TOLERANCE_MS) timer = clock.after(held.dueAt - now, onTimer);
          else flush(now);
        } catch (thrown) {
          fail(thrown);
        }
      };
      const hold = (item: T, dueAt: number, now: number): void => {
        // The subscriber may have left on being given the item.
        if (subscriber.closed) return;
        held = { item, dueAt };
        timer = clock.after(dueAt - now, onTimer);
      };

      const take = (item: T): void => {
        if (isWanted?.(item) === false) return;
        const window = chooseWindow(item);
        const now = clock.monotonic();
        if (window === undefined || window <= 0) {
          flush(now);
          if (window === undefined) subscriber.next(item);
          else send(item, now);
          return;
        }
        if (held !== undefined) {
          const merged = merge(held.item, item);
          if (merged !== undefined) {
            held.item = merged;
            // A busy event loop can be late with its timers; then the next item ends the window.
            if (now >= held.dueAt) flush(now);
            return;
          }
          flush(now);
        }
        if (now - lastSentAt >= window) send(item, now);
        else hold(item, lastSentAt + window, now);
      };

      const subscription = source.subscribe({
        next: (item) => {
          try {
            take(item);
          } catch (thrown) {
            fail(thrown);
          }
        },
        error: (error: unknown) => {
          flush(clock.monotonic());
          subscriber.error(error);
        },
        complete: () => {
          flush(clock.monotonic());
          subscriber.complete();
        },
      });
      return () => {
        timer?.cancel();
        subscription.unsubscribe();
      };
    });
}
