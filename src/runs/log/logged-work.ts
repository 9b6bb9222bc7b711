import type { RunEvent, RunFailed, RunFinished, RunRetrying, RunWaiting } from '../../engine/index.js';
import {
  type AbortCause,
  InterruptedRepeatedlyError,
  OverloadedError,
  RunAbortedError,
  readOutcome,
  toMillraceError,
  toRunError,
  WorkflowChangedError,
} from '../../errors/index.js';
import { assertNever } from '../../kernel/index.js';
import { coalesce } from '../../streaming/index.js';
import { mergeDeltaEvents } from '../merge-delta-events.js';
import type { JobEnd } from '../dispatch/run-queue.js';
import type { RunAttempt } from '../store/log-batch.js';
import type { ClaimedRun } from '../store/run-log-store.js';
import { beginSegment } from './begin-segment.js';
import { type LoggedEvent, makeLoggedEvent } from './logged-event.js';
import { type AttemptEnding, OpenLog } from './open-log.js';
import type { RunDoor } from './run-door.js';
import { chooseRunRetryDelay } from './choose-retry.js';
import { hashWorkflow, readPast } from './resume-run.js';
import { isReleased, readEnding, RunRecorder } from './run-recorder.js';
import type { KeptRequest } from './run-to-log.js';
import { SpentTokens } from './spent-tokens.js';
import type { RunToWork, WorkTools } from './work-tools.js';

/** Least time between two pieces of text in a log, in milliseconds, where a node has no window of its own. */
const DEBOUNCE_MS = 25;

/** A run is not tried again after this many deaths in a row without a finished step. */
const MOST_DEATHS = 4;

/** Pause before a run that another version of its workflow must continue is tried again, in milliseconds. */
const OTHER_GRAPH_MS = 2_000;

/** The work on one logged run, from its claim to its last event. */
export class LoggedWork {
  /**
   * Resolves when the run is over and its log is complete, or when this process has released the run. Never rejects.
   */
  readonly ended: Promise<JobEnd>;
  readonly #run: RunToWork;
  readonly #tools: WorkTools;
  #log: OpenLog | undefined;
  /** Why the run must not begin, if it was stopped while it was being claimed. */
  #refusal: AbortCause | undefined;
  #state: 'beginning' | 'running' | 'ending' = 'beginning';
  readonly #spent: SpentTokens;
  /** The door of its last segment; undefined until the run is active, or if there is none. */
  #teller: RunDoor | undefined;
  #resolveEnded!: (end: JobEnd) => void;

  /** @param run has its place and its admission */
  constructor(run: RunToWork, tools: WorkTools) {
    this.#run = run;
    this.#tools = tools;
    this.#spent = new SpentTokens(run.admission);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** See `RunJob.wake`. */
  get wake(): number {
    return this.#run.job.wake;
  }

  get owner(): string {
    return this.#run.job.owner;
  }

  /** Undefined until the run is claimed. */
  get log(): OpenLog | undefined {
    return this.#log;
  }

  /** The active attempt; undefined if there is none. */
  get attempt(): RunAttempt | undefined {
    return this.#state === 'running' && this.#log !== undefined
      ? { id: this.#run.job.id, epoch: this.#log.epoch }
      : undefined;
  }

  /** Aborts the run, unless it is already ending. */
  cancel(): void {
    if (this.#state === 'running') this.#tools.runs.cancel(this.#run.job.id);
    else this.#refusal ??= 'cancelled';
  }

  /**
   * Aborts the run because the store refuses further events of it from this process.
   * @param ending `gone`: the run was removed, or another process has begun it
   */
  abandon(ending: 'gone' | 'released'): void {
    this.#log?.close(ending);
    this.handOver();
  }

  /** Leaves the run to another process. */
  handOver(): void {
    if (this.#state === 'running') this.#tools.runs.cancel(this.#run.job.id, 'shutdown');
    else this.#refusal ??= 'shutdown';
  }

  /** To be called once. Never rejects. */
  async work(): Promise<void> {
    const { store, worker } = this.#tools;
    const { id, wake } = this.#run.job;
    let log: OpenLog | undefined;
    try {
      const claimed = await store.claim(id, worker, wake).catch((error: unknown) => this.#letGo(error));
      if (claimed === undefined) {
        // The queue has considered the run's process dead, because the clocks of processes differ.
        if (await store.isAtWork(id, wake).catch(() => true)) this.#resolveEnded('held');
        return;
      }
      log = this.#openLog(claimed);
      await this.#begin(claimed, log);
    } catch (error) {
      if (log === undefined) this.#report(error);
      // A store that is away, and a server that shuts down, are no failures of the run.
      else if (this.#tools.runs.draining || error instanceof OverloadedError) await this.#release(log);
      else if (this.#state !== 'ending') await this.#end(log, makeFailed(error));
    } finally {
      this.#spent.endAdmission();
      this.#leave('gone');
    }
  }

  #openLog({ run: { id, length, epoch }, logLength }: ClaimedRun): OpenLog {
    const { clock, onWrite, onMove } = this.#tools;
    const log = new OpenLog({ id, length, clock, onWrite });
    log.claim(epoch, logLength);
    this.#log = log;
    onMove(id);
    return log;
  }

  async #begin(claimed: ClaimedRun, log: OpenLog): Promise<void> {
    const { isCancelled, deaths } = claimed.run;
    const refusal = isCancelled ? 'cancelled' : this.#refusal;
    if (refusal === 'shutdown') {
      await this.#release(log);
      return;
    }
    if (refusal !== undefined) throw new RunAbortedError(refusal);
    if (deaths >= MOST_DEATHS) throw new InterruptedRepeatedlyError(deaths);
    await this.#execute(claimed, log);
  }

  async #execute(claimed: ClaimedRun, log: OpenLog): Promise<void> {
    const {
      job: { id },
      workflow,
      admission,
      watch,
    } = this.#run;
    const { runs, store, audience, clock, timeoutMs, longestLog, onResumed } = this.#tools;
    const kept = JSON.parse(claimed.request) as KeptRequest;
    // A run that another process began has not had a reader yet.
    if (kept.endsWhenLeft) audience.bind(id);
    const recorder = new RunRecorder(log, kept.wantsContent, longestLog, hashWorkflow(workflow));
    const { said } = recorder;
    const past =
      claimed.run.length === 0 ? undefined : await readPast(claimed, workflow, store, (event) => said.add(event));
    const retryAt = past?.resumed.history.retryAt;
    // The previous process had no time, or no store, to keep its pause.
    if (retryAt !== undefined && claimed.run.runAt < retryAt && retryAt > clock.now())
      return this.#release(log, { runAt: retryAt });
    await this.#forgetEnd(claimed, past?.waitedAt ?? -1);
    this.#teller = this.#tools.findTeller(claimed.run);
    if (past !== undefined) {
      const { graph = kept.workflowHash } = past;
      if (graph !== hashWorkflow(workflow)) {
        // During a rollout, processes of the old release can continue the run better.
        if (await store.isOffered('graphs', graph))
          return this.#release(log, { graph, putAt: clock.now() + OTHER_GRAPH_MS });
        if (workflow.onChange === 'fail') throw new WorkflowChangedError(workflow.id);
      }
      log.goOnAfter(past.lastAt);
      past.resumed.steps.forEach((step) => this.#spent.keep(step));
      past.resumed.history.lostUsage.forEach((lost) => this.#spent.keep(lost));
      this.#spent.goOnAfter(past.resumed.history.chargedTokens);
      if (!past.resumed.history.isWaiting && retryAt === undefined) onResumed(workflow.id);
    }
    if (past !== undefined) {
      const parts = { claimed, past, declared: workflow.waits, door: this.#teller, ...this.#tools };
      await beginSegment(parts).catch((error: unknown) => this.#reportFault(error));
    }
    const retries = past?.resumed.history.retries ?? 0;
    const { traceId } = past ?? {};
    const events = runs.start(workflow, kept.request, {
      id,
      gate: log.gate,
      origin: { ...kept.origin, ...(traceId !== undefined && { traceId }) },
      admission: {
        estimatesTokens: admission.estimatesTokens,
        end: (usage, unreportedTokens) => this.#spent.note(usage, unreportedTokens),
      },
      timeoutMs: Math.max(1, timeoutMs - claimed.run.activeMs),
      keepStep: (step) => {
        this.#spent.keep(step);
        log.keepStep({ node: step.node, json: JSON.stringify(step) });
      },
      settle: () => log.settle(),
      resumed: past?.resumed,
      retry: (error) => {
        const delayMs = chooseRunRetryDelay({ id, workflow, retries }, error);
        return delayMs === undefined ? undefined : clock.now() + delayMs;
      },
      ...(watch !== undefined && { watch }),
    });
    this.#state = 'running';
    if (this.#refusal !== undefined) runs.cancel(id, this.#refusal);
    await events.read(
      recorder,
      coalesce({
        clock,
        chooseWindow: (event) => (event.type === 'delta' ? (event.debounceMs ?? DEBOUNCE_MS) : undefined),
        merge: mergeDeltaEvents,
      }),
    );
    const { last } = recorder;
    if (last === undefined) return;
    switch (last.type) {
      case 'run-waiting':
        return this.#wait(log, last);
      case 'run-retrying':
        return this.#retry(log, last);
      case 'run-finished':
      case 'run-failed':
        return isReleased(last) ? this.#release(log) : this.#end(log, last, said.text);
      default:
        return assertNever(last);
    }
  }

  /**
   * Discards the stored end of a segment whose last event never reached the log: no reader has seen it.
   * @param waitedAt readers have seen the segment that ended with this event
   */
  async #forgetEnd({ run: { epoch, owner, segments } }: ClaimedRun, waitedAt: number): Promise<void> {
    const segment = segments.at(-1);
    if (epoch > 1 && segment !== undefined && segment.from > waitedAt)
      await this.#tools.documents.remove(segment.id, owner);
  }

  /** Queues a failed run for its next attempt. Never rejects. */
  async #retry(log: OpenLog, last: RunRetrying): Promise<void> {
    this.#state = 'ending';
    log.write(makeLoggedEvent(last, log.now()));
    this.#tools.onRetried(this.#run.workflow.id);
    await this.#release(log, { runAt: last.retryAt });
  }

  /** Releases the run to another process, or to this one later. Never rejects. */
  async #release(log: OpenLog, { runAt, putAt = runAt, graph }: Letting = {}): Promise<void> {
    this.#state = 'ending';
    this.#spent.endAdmissionEarly();
    const { job, workflow } = this.#run;
    let ending: 'gone' | 'released' = 'released';
    await log.settle();
    try {
      if (log.ending === undefined) {
        const { epoch, hasWritten: hasBegun } = log;
        await this.#tools.store.release([{ id: job.id, epoch, hasBegun, ...(runAt !== undefined && { runAt }) }]);
        const next = { runAt: putAt ?? job.runAt, wake: job.wake + 1, graph: graph ?? hashWorkflow(workflow) };
        await this.#tools.onReleased({ ...job, ...next });
        // Its readers wait in this process, which knows when the run continues.
        if (runAt !== undefined) ending = 'gone';
        // Refused as well: a database that lost its last commits refuses further events, and no other process has the
        // run.
      } else this.#tools.onStoreAway(job.id);
    } catch {
      this.#tools.onStoreAway(job.id);
    }
    this.#leave(ending);
  }

  /** The store was unavailable when the run should have begun. */
  #letGo(error: unknown): undefined {
    if (!(error instanceof OverloadedError)) this.#report(error);
    this.#tools.onStoreAway(this.#run.job.id);
    this.#leave('released');
  }

  /** Ends the work of this process on the run. */
  #leave(ending: 'gone' | 'released'): void {
    this.#state = 'ending';
    this.#log?.close(ending);
    this.#resolveEnded(undefined);
  }

  /** Lets the run wait: until it is answered, only the store holds it. Never rejects. */
  async #wait(log: OpenLog, last: RunWaiting): Promise<void> {
    await this.#writeLast(log, last, () => ({ waits: last.waits }));
    if (log.ending === 'gone') this.#pack();
    const times = last.waits.flatMap(({ expiresAt }) => expiresAt ?? []);
    if (times.length > 0) this.#tools.onWaiting(Math.min(...times));
  }

  /** Never rejects. */
  async #end(log: OpenLog, last: RunFinished | RunFailed, output?: string): Promise<void> {
    await this.#writeLast(log, last, ({ at }) => ({ ending: readEnding(last, at, output) }));
    // Refused: another process has the run, or none has it, since the database has lost its last commits.
    if (log.ending === 'gone') this.#tools.onStoreAway(this.#run.job.id);
  }

  /** @param describe how this attempt ends with the event */
  async #writeLast(log: OpenLog, last: RunEvent, describe: (last: LoggedEvent) => AttemptEnding): Promise<void> {
    this.#state = 'ending';
    // A client that sees the last event may start its next run at once.
    this.#spent.endAdmission();
    try {
      await log.settle();
      const logged = makeLoggedEvent(last, log.now());
      if (log.ending === undefined) await this.#keepEnd(log, logged).catch((error: unknown) => this.#report(error));
      log.write(logged, describe(logged));
      await log.settle();
    } catch (error) {
      this.#report(error);
    }
    if (log.ending === 'over') this.#pack();
    // Its end is not stored, so the run must be ended again.
    if (log.ending === 'released') this.#tools.onStoreAway(this.#run.job.id);
    this.#leave('gone');
  }

  /** Only the shutdown waits for this. */
  #pack(): void {
    const { id } = this.#run.job;
    const { store, runs } = this.#tools;
    runs.holdOpen(
      id,
      store.pack(id).catch((error: unknown) => this.#report(error)),
    );
  }

  async #keepEnd({ epoch }: OpenLog, last: LoggedEvent): Promise<void> {
    const { id, owner } = this.#run.job;
    const door = this.#teller;
    if (door?.keepEnd === undefined) return;
    const run = await this.#tools.store.find(id, owner);
    // A newer attempt stores the end itself.
    if (run?.epoch === epoch) await door.keepEnd(run, last);
  }

  /** @throws OverloadedError: an unavailable store is not a bug */
  #reportFault(error: unknown): void {
    if (error instanceof OverloadedError) throw error;
    this.#report(error);
  }

  #report(error: unknown): void {
    this.#tools.onFault(this.#run.job.id, error);
  }
}

/** How a run is released. */
interface Letting {
  /** Earliest time of its next attempt, in milliseconds since the Unix epoch. Absent: its time has already come. */
  readonly runAt?: number;
  /** Earliest time at which it is taken from the queue again. Absent: the same time. */
  readonly putAt?: number;
  /** Hash of the workflow that must continue it. Absent: that of this process. */
  readonly graph?: string;
}

export function makeFailed(thrown: unknown): RunFailed {
  const error = toMillraceError(thrown);
  return { type: 'run-failed', seq: 0, error: toRunError(error), outcome: readOutcome(error) };
}
