/** Length of all windows, in milliseconds. */
export const WINDOW_MS = 60_000;

/** One window of time as it stands. */
export interface Window {
  /** How much was counted since it began. */
  readonly count: number;
  /** Milliseconds until it ends, and the next one begins at 0. At most {@link WINDOW_MS}. */
  readonly resetMs: number;
}

/** None has begun. */
export const NO_WINDOW: Window = { count: 0, resetMs: 0 };
