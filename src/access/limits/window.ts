/** Length of all windows, in milliseconds. */
export const WINDOW_MS = 60_000;

/** A window of time, as it was when it was read. */
export interface Window {
  /** What was counted since it began. */
  readonly count: number;
  /** Milliseconds until it ends; at most {@link WINDOW_MS}. */
  readonly resetMs: number;
}

/** No window has begun. */
export const NO_WINDOW: Window = { count: 0, resetMs: 0 };
