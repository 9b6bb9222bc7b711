import { Injectable, Logger } from '@nestjs/common';
import { formatStackForLog, OverloadedError, RunAbortedError } from '../../errors/index.js';
import { Clock, settleInTime } from '../../kernel/index.js';
import { RunQueue } from '../dispatch/run-queue.js';
import { Inspections } from '../inspection/inspections.service.js';
import { RunService } from '../run.service.js';
import type { LoggedRun } from '../store/logged-run.js';
import { RunLogStore } from '../store/run-log-store.js';
import { LogReader } from './log-reader.service.js';
import type { LoggedWork } from './logged-work.js';
import { LoggedWorks } from './logged-works.service.js';

/** How long a cancellation waits for an unavailable store, and how often it checks. Milliseconds. */
const STORE_LIMIT_MS = 2_000;
const LOOK_AT_STORE_MS = 1_000;
/** Pause that a client is asked to make for a run that has no process at the moment, in milliseconds. */
const RETRY_AFTER_MS = 2_000;
/** How long a cancellation waits for another process: longer than it takes to take over the runs of a dead process. */
const OTHER_LIMIT_MS = 20_000;

/** Cancels logged runs wherever they are: active here or elsewhere, in the queue, or waiting for an answer. */
@Injectable()
export class RunCanceller {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly clock: Clock,
    private readonly store: RunLogStore,
    private readonly runs: RunService,
    private readonly queue: RunQueue,
    private readonly works: LoggedWorks,
    private readonly reader: LogReader,
    private readonly inspections: Inspections,
  ) {
    works.watchLeft((id) => void this.#endLeft(id));
  }

  /**
   * Cancels a run, and waits until its log shows the end.
   * @returns the run as it has ended, which may be in another way; undefined if {@link LogReader.find} does not find it
   * @throws OverloadedError if its end cannot be stored now: the run ends as soon as the store is back
   */
  async cancel(id: string, owner: string): Promise<LoggedRun | undefined> {
    const run = await this.reader.find(id, owner);
    if (run === undefined || run.ending !== undefined) return run;
    // From now on the run is never tried again, even if this process dies.
    await this.store.markCancelled(run.id);
    const isEnded = this.works.find(run.id) === undefined && (await this.#endIdle(run));
    if (!isEnded) {
      const work = this.works.find(run.id);
      work?.cancel();
      if (work === undefined) await this.#waitForOther(run);
      else await this.#waitForEnd(work);
    }
    const ended = await this.reader.find(id, owner);
    // The run was no longer active when the request arrived: it waits for an answer or its time.
    if (ended !== undefined && isIdle(ended) && (await this.#endIdle(ended))) return this.reader.find(id, owner);
    // Its process may have released it.
    if (ended !== undefined && ended.ending === undefined) throw this.#makeNotEndedError();
    return ended;
  }

  /** @returns false if the run is active or has ended */
  async #endIdle(run: LoggedRun): Promise<boolean> {
    if (this.store.isShared && run.status === 'running') return false;
    if (!(await this.works.endIdle(run, new RunAbortedError('cancelled')))) return false;
    this.queue.drop(run);
    return true;
  }

  /** @throws OverloadedError if the store takes nothing for a while */
  async #waitForEnd({ ended }: LoggedWork): Promise<void> {
    const over = ended.then(() => true);
    while (!(await settleInTime(over, this.clock, LOOK_AT_STORE_MS, () => false))) {
      if (this.works.failingForMs >= STORE_LIMIT_MS) throw this.#makeNotEndedError();
    }
  }

  /** Asks the run's process to end it. Resolves when it has ended the run, or has had the time to. */
  async #waitForOther({ id, owner, length }: LoggedRun): Promise<void> {
    const limit = this.clock.monotonic() + OTHER_LIMIT_MS;
    let from = length;
    for (let leftMs = OTHER_LIMIT_MS; leftMs > 0; leftMs = limit - this.clock.monotonic()) {
      const { news, leave } = this.works.hub.wait(id, from);
      try {
        const run = await this.store.find(id, owner);
        if (run === undefined || run.ending !== undefined || isIdle(run)) return;
        from = run.length;
        if ((await settleInTime(news, this.clock, Math.min(leftMs, LOOK_AT_STORE_MS), () => 'look')) === 'released')
          return;
      } finally {
        leave();
      }
    }
  }

  /**
   * Removes a run with its log and its inspection. A run that has not ended is cancelled first.
   * @returns false if {@link LogReader.find} does not find it
   * @throws OverloadedError as {@link cancel}
   */
  async remove(id: string, owner: string): Promise<boolean> {
    const run = await this.cancel(id, owner);
    if (run === undefined) return false;
    await this.inspections.remove(run.id, owner);
    return this.store.remove(id, owner);
  }

  /** Ends a run that has no readers left. Never rejects. */
  async #endLeft(id: string): Promise<void> {
    try {
      const owner = await this.store.findOwner(id);
      if (owner !== undefined) await this.cancel(id, owner);
    } catch (error) {
      // The process that executes it will see the cancellation; otherwise the run is claimed in order to end it.
      if (!(error instanceof OverloadedError))
        this.#logger.error(`The run ${id} cannot be ended`, formatStackForLog(error));
    }
  }

  #makeNotEndedError(): OverloadedError {
    return new OverloadedError(
      'The run is being cancelled, and its end could not be stored yet. Send the request again in a moment.',
      { code: this.runs.draining ? 'server_shutting_down' : 'store_unavailable', retryAfterMs: RETRY_AFTER_MS },
    );
  }
}

/** True if a run is neither active nor ended. */
function isIdle({ status }: LoggedRun): boolean {
  return status === 'waiting' || status === 'queued';
}
