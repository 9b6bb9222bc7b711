import type { Clock } from '../../kernel/index.js';
import { NO_WINDOW, type Window, WINDOW_MS } from './window.js';

interface OpenWindow {
  count: number;
  /** By the monotonic clock: a change of the time of day makes no caller wait longer. */
  readonly endsAt: number;
}

/**
 * Counts in windows, in this process alone. Windows that are over are dropped, so memory is bounded by the number of callers in
 * one minute.
 */
export class LocalWindows {
  /** In the order in which they end, since all are equally long. */
  readonly #open = new Map<string, OpenWindow>();

  constructor(private readonly clock: Clock) {}

  /** How many windows are held. */
  get size(): number {
    return this.#open.size;
  }

  /** Counts, and returns the window with the new count. */
  add(name: string, amount: number): Window {
    const now = this.clock.monotonic();
    for (const [oldest, { endsAt }] of this.#open) {
      if (endsAt > now) break;
      this.#open.delete(oldest);
    }
    const open = this.#open.get(name) ?? { count: 0, endsAt: now + WINDOW_MS };
    open.count += amount;
    this.#open.set(name, open);
    return { count: open.count, resetMs: open.endsAt - now };
  }

  /** The window as it is now. */
  get(name: string): Window {
    const open = this.#open.get(name);
    const resetMs = open === undefined ? 0 : open.endsAt - this.clock.monotonic();
    return open === undefined || resetMs <= 0 ? NO_WINDOW : { count: open.count, resetMs };
  }
}
