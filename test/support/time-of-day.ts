import { jest } from '@jest/globals';
import { SystemClock } from '../../src/kernel/index.js';

/** Runs `act` while the machine's time of day is this many milliseconds behind. Timers and durations are not affected. */
export async function withTimeSetBack<T>(ms: number, act: () => Promise<T>): Promise<T> {
  jest.useFakeTimers({
    now: Date.now() - ms,
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
  try {
    return await act();
  } finally {
    jest.useRealTimers();
  }
}

/** The machine's clock, whose time of day a test sets forward. */
export class TimeOfDay extends SystemClock {
  #ahead = 0;

  override now(): number {
    return super.now() + this.#ahead;
  }

  advance(ms: number): void {
    this.#ahead += ms;
  }
}
