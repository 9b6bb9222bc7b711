import { Injectable } from '@nestjs/common';
import { Clock, settleInTime } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import type { UnansweredWaits } from './kept-wait.js';
import type { WaitingRuns } from './run-log-store.js';
import { RunStores } from './run-stores.js';

/** How long a request for metrics waits for the store, and how old the values may be. Milliseconds. */
const LIMIT_MS = 1_000;
const FRESH_MS = 2_000;

/** Metrics of the store: writes, availability and waiting runs. */
@Injectable()
export class StoreMetrics {
  #waiting: WaitingRuns = { due: 0, dueSince: undefined };
  #unanswered: UnansweredWaits = { open: 0, oldestAt: undefined };
  #counting: Promise<void> | undefined;
  /** In milliseconds of the monotonic clock. */
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(
    metrics: Metrics,
    private readonly store: RunStores,
    private readonly clock: Clock,
  ) {
    if (!store.isOn) return;
    metrics.showNumber({
      name: 'millrace_store_up',
      help: '1 unless the last attempt to store something failed; summed over processes.',
      value: () => (store.isUp ? 1 : 0),
    });
    metrics.showCount({
      name: 'millrace_stored_responses_total',
      help: 'Responses that were stored when they had ended.',
      value: () => store.documents.countStored('response'),
    });
    metrics.showCount({
      name: 'millrace_stored_events_total',
      help: 'Events of runs that were written into their logs.',
      value: () => store.logs.writtenEvents,
    });
    // All processes that share a store show the same.
    const together = 'max';
    metrics.showNumber({
      name: 'millrace_due_runs',
      help: 'Due runs that no process executes yet, in the whole store.',
      value: async () => {
        await this.#count();
        return this.#waiting.due;
      },
      together,
    });
    metrics.showNumber({
      name: 'millrace_oldest_due_run_seconds',
      help: 'Longest waiting time among them; 0 if there is none.',
      value: async () => {
        await this.#count();
        return this.#measureSecondsSince(this.#waiting.dueSince);
      },
      together,
    });
    metrics.showNumber({
      name: 'millrace_open_waits',
      help: 'Answers that runs wait for, in the whole store.',
      value: async () => {
        await this.#count();
        return this.#unanswered.open;
      },
      together,
    });
    metrics.showNumber({
      name: 'millrace_oldest_open_wait_seconds',
      help: 'Longest waiting time among them; 0 if there is none.',
      value: async () => {
        await this.#count();
        return this.#measureSecondsSince(this.#unanswered.oldestAt);
      },
      together,
    });
  }

  /** @param at milliseconds since the Unix epoch */
  #measureSecondsSince(at: number | undefined): number {
    return at === undefined ? 0 : Math.max(0, this.clock.now() - at) / 1_000;
  }

  /** While the store is unavailable, the last values stay. Never rejects. */
  async #count(): Promise<void> {
    if (this.#counting === undefined && this.clock.monotonic() - this.#countedAt >= FRESH_MS) {
      this.#counting = this.#countNow().finally(() => {
        this.#counting = undefined;
      });
    }
    if (this.#counting !== undefined) await settleInTime(this.#counting, this.clock, LIMIT_MS, () => undefined);
  }

  async #countNow(): Promise<void> {
    try {
      const { logs } = this.store;
      [this.#waiting, this.#unanswered] = await Promise.all([logs.countWaiting(), logs.countOpenWaits()]);
    } catch {
      // `millrace_store_up` shows it.
    }
    this.#countedAt = this.clock.monotonic();
  }
}
