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

/** For how long whoever cancels a run waits for a store that takes nothing, and how often that is looked at. Milliseconds. */
const STORE_LIMIT_MS = 2_000;
const LOOK_AT_STORE_MS = 1_000;
/** How soon a client is to ask again for a run that nobody works on at the moment, in milliseconds. */
const RETRY_AFTER_MS = 2_000;
/** For how long they wait for another process: longer than it takes until one goes on with the runs of one that died. */
const OTHER_LIMIT_MS = 20_000;

/** Ends logged runs before their end, wherever they are: at work here or elsewhere, in the queue, or waiting for an answer. */
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
   * Ends a run before its end, and waits until that is in its log.
   * @returns the run as it has ended: maybe otherwise, now or before; undefined if {@link LogReader.find} does not find it
   * @throws OverloadedError if its end cannot be kept now: it ends as soon as that can be
   */
  async cancel(id: string, owner: string): Promise<LoggedRun | undefined> {
    const run = await this.reader.find(id, owner);
    if (run === undefined || run.ending !== undefined) return run;
    // Whatever becomes of this process, the run is not begun again.
    await this.store.markCancelled(run.id);
    const isEnded = this.works.find(run.id) === undefined && (await this.#endIdle(run));
    if (!isEnded) {
      const work = this.works.find(run.id);
      work?.cancel();
      if (work === undefined) await this.#waitForOther(run);
      else await this.#waitForEnd(work);
    }
    const ended = await this.reader.find(id, owner);
    // Nobody had it at work any more when it was told: it waits, for an answer or its time.
    if (ended !== undefined && isIdle(ended) && (await this.#endIdle(ended))) return this.reader.find(id, owner);
    // Its process may have left it before its end.
    if (ended !== undefined && ended.ending === undefined) throw this.#makeNotEndedError();
    return ended;
  }

  /** @returns false if somebody works on the run, or it has ended */
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

  /** Another process is to end the run. Resolves when it has, or could have. */
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
   * Removes a run with its log and what was seen inside it; one that has not ended is cancelled before.
   * @returns false if {@link LogReader.find} does not find it
   * @throws OverloadedError as {@link cancel}
   */
  async remove(id: string, owner: string): Promise<boolean> {
    const run = await this.cancel(id, owner);
    if (run === undefined) return false;
    await this.inspections.remove(run.id, owner);
    return this.store.remove(id, owner);
  }

  /** A run ends that nobody reads any more. Never rejects. */
  async #endLeft(id: string): Promise<void> {
    try {
      const owner = await this.store.findOwner(id);
      if (owner !== undefined) await this.cancel(id, owner);
    } catch (error) {
      // Whoever has it at work sees that it is to end, or it is begun to be ended.
      if (!(error instanceof OverloadedError))
        this.#logger.error(`The run ${id} cannot be ended`, formatStackForLog(error));
    }
  }

  #makeNotEndedError(): OverloadedError {
    return new OverloadedError(
      'The run is being cancelled, and its end could not be kept yet. Send the request again in a moment.',
      { code: this.runs.draining ? 'server_shutting_down' : 'store_unavailable', retryAfterMs: RETRY_AFTER_MS },
    );
  }
}

/** True if nobody has a run at work, and it has not ended. */
function isIdle({ status }: LoggedRun): boolean {
  return status === 'waiting' || status === 'queued';
}
