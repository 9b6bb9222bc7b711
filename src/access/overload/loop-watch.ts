import type { Clock, Timer } from '../../kernel/index.js';

/** Milliseconds between two checks. */
const LOOK_EVERY_MS = 250;
/** Late checks in a row after which the loop counts as behind. A single one can be a pause of the garbage collector or the machine. */
const LATE_LOOKS = 3;

/**
 * Detects that the event loop is behind, that is, that its timers are late again and again. A further request would
 * then slow all others down and be late itself. It checks only while there is something to do.
 */
export class LoopWatch {
  #late = 0;
  #dueAt = 0;
  #timer: Timer | undefined;
  #isWatching = false;

  /**
   * @param limitMs how late a timer may be, in milliseconds; 0: it is never checked
   * @param isIdle returns whether there is nothing to do
   */
  constructor(
    private readonly limitMs: number,
    private readonly clock: Clock,
    private readonly isIdle: () => boolean,
  ) {}

  /** True if new requests should be refused. */
  get isBehind(): boolean {
    return this.#late >= LATE_LOOKS;
  }

  /** Begins to check, because there is something to do. */
  wake(): void {
    if (this.#isWatching || this.limitMs === 0) return;
    this.#isWatching = true;
    this.#dueAt = this.clock.monotonic() + LOOK_EVERY_MS;
    if (this.#timer === undefined) this.#timer = this.clock.after(LOOK_EVERY_MS, () => this.#look());
    else this.#timer.restart();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const now = this.clock.monotonic();
    this.#late = now - this.#dueAt > this.limitMs ? this.#late + 1 : 0;
    this.#isWatching = this.#late > 0 || !this.isIdle();
    if (!this.#isWatching) return;
    this.#dueAt = now + LOOK_EVERY_MS;
    this.#timer?.restart();
  }
}
