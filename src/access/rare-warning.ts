import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../kernel/index.js';

/** Least time between two warnings, in milliseconds. */
const EVERY_MS = 10_000;

/** Warns of something that can happen with every request, but not each time that it happens. */
export class RareWarning {
  #warnedAt: number | undefined;
  #silent = 0;

  constructor(
    private readonly logger: Pick<LoggerService, 'warn'>,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes the warning unless the last one is less than ten seconds old; then it is counted, and the next one shows the
   * count.
   * @returns whether it was written
   */
  warn(message: string): boolean {
    const now = this.clock.monotonic();
    if (this.#warnedAt !== undefined && now - this.#warnedAt < EVERY_MS) {
      this.#silent++;
      return false;
    }
    this.logger.warn(this.#silent === 0 ? message : `${message} (${this.#silent} more times since the last warning)`);
    this.#warnedAt = now;
    this.#silent = 0;
    return true;
  }
}
