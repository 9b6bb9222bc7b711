import { fitsWorkflow, type RunEvent, type StepCheckpoint } from '../../engine/index.js';
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
import { Cancellation, type Clock, type JsonObject, MAX_TIMER_MS, type Timer } from '../../kernel/index.js';
import type { Usage } from '../../models/index.js';
import { coalesce } from '../../streaming/index.js';
import type { CompiledWorkflow, RunRequest } from '../../workflow/index.js';
import { mergeDeltaEvents } from '../merge-delta-events.js';
import type { QueuedPermit, RunOrigin, RunRecord } from '../run-options.js';
import type { RunService } from '../run.service.js';
import type { ClaimedRun, LoggedRun, RunAttempt, RunLogStore } from '../store/run-log-store.js';
import type { Audience } from './audience.js';
import { type LoggedEvent, makeLoggedEvent } from './logged-event.js';
import type { OpenLog } from './open-log.js';
import type { RunDoor } from './run-door.js';
import type { PlaceSeeker, RunPlaces } from './run-places.js';
import { hashWorkflow, readPast } from './resume-run.js';
import { isReleased, readEnding, RunRecorder } from './run-recorder.js';

/** Least time between two pieces of text in a log, in milliseconds, where a node has no window of its own. */
const DEBOUNCE_MS = 25;

/** After so many deaths in a row without a step that finished, a run is not begun again. */
const MOST_DEATHS = 4;

/** Of runs whose clients say nothing. */
export const USUAL_PRIORITY = 5;

/** A run that is to outlive its request. */
export interface RunToLog {
  /** Name of its door, which {@link LoggedRuns.addDoor} knows. */
  readonly door: string;
  /** Id by which clients know what the run gives; absent: the run's own. */
  readonly segment?: string;
  /** Id of its caller. */
  readonly owner: string;
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  /** What its door needs to tell it to clients, as JSON. */
  readonly head: string;
  /** What its door wants to have back later, as JSON can hold it. Absent: nothing. */
  readonly memo?: unknown;
  /** What its client wants to find again with it. Absent: nothing. */
  readonly metadata?: JsonObject;
  readonly origin: RunOrigin;
  /** True if clients are to be told what happens in the workflow. */
  readonly wantsContent: boolean;
  readonly permit: QueuedPermit;
  /** The same key with an equal body names the run that is there. Absent: each request is another one. */
  readonly identity?: { readonly key: string; readonly body: unknown };
  /** When it is to begin at the earliest, in milliseconds since the Unix epoch. Absent: now. */
  readonly runAt?: number;
  /** From 0 to 9; those with 9 come first. Absent: {@link USUAL_PRIORITY}. */
  readonly priority?: number;
  /** True if it is to end when nobody has read it for a while. Absent: it goes on to its end. */
  readonly endsWhenLeft?: boolean;
  /** Told how the run went, as long as it is at work in this process. Absent: there is no request that wants to know. */
  readonly record?: RunRecord;
}

/** What is kept of what a run is asked, as JSON. */
export interface KeptRequest {
  readonly request: RunRequest;
  readonly memo: unknown;
  readonly origin: RunOrigin;
  readonly wantsContent: boolean;
  readonly endsWhenLeft: boolean;
  /** See {@link hashWorkflow}. */
  readonly workflowHash: string;
}

/** What the work on a run has to know of it from the beginning on. What it is asked is not held in memory while it waits. */
export interface RunToWork
  extends Pick<LoggedRun, 'id' | 'owner' | 'runAt' | 'priority'>, Pick<RunToLog, 'workflow' | 'permit'> {
  readonly door: RunDoor;
  /** Undefined: no request wants to know how it went. */
  readonly record?: RunRecord | undefined;
}

/** What the work on a run needs. */
export interface WorkTools {
  readonly runs: RunService;
  readonly store: RunLogStore;
  /** Id of this process. */
  readonly worker: string;
  readonly places: RunPlaces;
  readonly audience: Audience;
  readonly clock: Clock;
  /** How long a run may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Most characters of one log. */
  readonly longestLog: number;
  /** Told of each run that goes on, by the id of its workflow. */
  readonly onResumed: (workflow: string) => void;
  /** Told of a run that this process has left without saying so: the store was away. */
  readonly onStoreAway: (run: string) => void;
  readonly onFault: (run: string, error: unknown) => void;
}

/** The work on one logged run, from the queue to its last event. */
export class LoggedWork implements PlaceSeeker {
  /** Resolves when the run is over and its log has all of it, or this process has nothing more to do with it. Never rejects. */
  readonly ended: Promise<void>;
  readonly log: OpenLog;
  readonly #run: RunToWork;
  readonly #tools: WorkTools;
  readonly #stop = new Cancellation();
  #delay: Timer | undefined;
  /** Why it is not to begin, if that was said while it began. */
  #refusal: AbortCause | undefined;
  #endWait: (() => void) | undefined;
  #state: 'waiting' | 'beginning' | 'running' | 'ending' = 'waiting';
  /** Tokens of the steps that were kept: whoever goes on with the run counts them. */
  #keptTokens = 0;
  #spent: Spent = {};
  #resolveEnded!: () => void;

  constructor(run: RunToWork, log: OpenLog, tools: WorkTools) {
    this.#run = run;
    this.log = log;
    this.#tools = tools;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get owner(): string {
    return this.#run.owner;
  }

  get priority(): number {
    return this.#run.priority;
  }

  /**
   * The run waits for its time, and then for its place.
   * @param onLeft called once, when it does not wait any more
   * @throws OverloadedError while the server is shutting down
   */
  wait(onLeft: () => void): void {
    const untrack = this.#tools.runs.trackWait(this.#stop);
    this.#endWait = () => {
      this.#endWait = undefined;
      untrack();
      onLeft();
    };
    this.#stop.addEventListener('abort', () => this.#refuse('shutdown'));
    this.#tools.runs.holdOpen(this.#run.id, this.ended);
    this.#enter();
  }

  #enter(): void {
    const { clock, places } = this.#tools;
    const waitMs = this.#run.runAt - clock.now();
    if (waitMs <= 0) places.enter(this);
    else this.#delay = clock.after(Math.min(waitMs, MAX_TIMER_MS), () => this.#enter());
  }

  begin(): boolean {
    if (!this.#run.permit.begin()) return false;
    this.#state = 'beginning';
    void this.#work();
    return true;
  }

  /** The attempt that is at work; undefined if none is. */
  get attempt(): RunAttempt | undefined {
    return this.#state === 'running' ? { id: this.#run.id, epoch: this.log.epoch } : undefined;
  }

  /** Ends the run before its end, unless it is ending already. */
  cancel(): void {
    if (this.#state === 'running') this.#tools.runs.cancel(this.#run.id);
    else this.#refuse('cancelled');
  }

  /** The store takes nothing more of the run from this process: nothing that it says now would be kept. */
  abandon(): void {
    this.log.close('released');
    if (this.#state === 'running') this.#tools.runs.cancel(this.#run.id, 'shutdown');
    else this.#refuse('shutdown');
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    const { store, places, worker } = this.#tools;
    try {
      const claimed = await store.claim(this.#run.id, worker).catch((error: unknown) => this.#letGo(error));
      if (claimed !== undefined) await this.#begin(claimed);
    } catch (error) {
      if (this.#tools.runs.draining) await this.#release();
      else if (this.#state !== 'ending') await this.#end(makeFailed(error));
    } finally {
      this.#leave('gone');
      this.#endPermit();
      places.leave();
    }
  }

  async #begin(claimed: ClaimedRun): Promise<void> {
    const { epoch, isCancelled, deaths } = claimed.run;
    this.log.claim(epoch, claimed.logLength);
    const refusal = isCancelled ? 'cancelled' : this.#refusal;
    if (refusal === 'shutdown') {
      await this.#release();
      return;
    }
    if (refusal !== undefined) throw new RunAbortedError(refusal);
    if (deaths >= MOST_DEATHS) throw new InterruptedRepeatedlyError(deaths);
    await this.#execute(claimed);
  }

  async #execute(claimed: ClaimedRun): Promise<void> {
    const { id, workflow, permit, record } = this.#run;
    const { runs, store, audience, clock, timeoutMs, longestLog, onResumed } = this.#tools;
    const { log } = this;
    const kept = JSON.parse(claimed.request) as KeptRequest;
    // One that another process began has its first reader still to come.
    if (kept.endsWhenLeft) audience.bind(id);
    const recorder = new RunRecorder(log, kept.wantsContent, longestLog);
    const { said } = recorder;
    const past =
      claimed.run.length === 0 ? undefined : await readPast(claimed, workflow, store, (event) => said.add(event));
    if (past !== undefined) {
      if (kept.workflowHash !== hashWorkflow(workflow) && !fitsWorkflow(past.resumed.steps, workflow)) {
        throw new WorkflowChangedError(workflow.id);
      }
      log.goOnAfter(past.lastAt);
      past.resumed.steps.forEach((step) => this.#countTokens(step));
      onResumed(workflow.id);
    }
    const { traceId } = past ?? {};
    const events = runs.start(workflow, kept.request, {
      id,
      gate: log.gate,
      origin: { ...kept.origin, ...(traceId !== undefined && { traceId }) },
      permit: {
        estimatesTokens: permit.estimatesTokens,
        end: (usage, untoldTokens) => (this.#spent = { usage, untoldTokens }),
      },
      timeoutMs: Math.max(1, timeoutMs - claimed.run.activeMs),
      keepStep: (step) => {
        this.#countTokens(step);
        log.keepStep({ node: step.node, json: JSON.stringify(step) });
      },
      resumed: past?.resumed,
      ...(record !== undefined && { record }),
    });
    this.#endWait?.();
    this.#state = 'running';
    await events.read(
      recorder,
      coalesce({
        clock,
        chooseWindow: (event) => (event.type === 'delta' ? (event.debounceMs ?? DEBOUNCE_MS) : undefined),
        merge: mergeDeltaEvents,
      }),
    );
    if (recorder.last === undefined) return;
    if (isReleased(recorder.last)) await this.#release();
    else await this.#end(recorder.last, said.text);
  }

  #countTokens({ usage, untoldTokens = 0 }: StepCheckpoint): void {
    this.#keptTokens += (usage?.total_tokens ?? 0) + untoldTokens;
  }

  /** The run is not to begin, or not now. */
  #refuse(cause: AbortCause): void {
    if (this.#state === 'running' || this.#state === 'ending') return;
    if (this.#state === 'beginning') {
      // Its end can be written once it is known under which number.
      this.#refusal ??= cause;
      return;
    }
    this.#delay?.cancel();
    this.#tools.places.drop(this);
    if (cause === 'shutdown') {
      this.#leave('released');
      this.#endPermit();
    } else void this.#end(makeFailed(new RunAbortedError(cause)));
  }

  /** Another process, or this one later, goes on with the run. Never rejects. */
  async #release(): Promise<void> {
    const { usage, untoldTokens = 0 } = this.#spent;
    // The rest is counted by whoever ends the run.
    const tokens = (usage?.total_tokens ?? 0) + untoldTokens - this.#keptTokens;
    this.#spent = { untoldTokens: Math.max(0, tokens) };
    this.#endPermit();
    const { log } = this;
    const { id } = this.#run;
    await log.settle();
    try {
      if (log.ending === undefined) await this.#tools.store.release([{ id, epoch: log.epoch }]);
      else if (log.ending === 'released') this.#tools.onStoreAway(id);
    } catch {
      this.#tools.onStoreAway(id);
    }
    this.#leave('released');
  }

  /** The store was away when the run was to begin. */
  #letGo(error: unknown): undefined {
    if (!(error instanceof OverloadedError)) this.#report(error);
    this.#tools.onStoreAway(this.#run.id);
    this.#leave('released');
  }

  #endPermit(): void {
    this.#run.permit.end(this.#spent.usage, this.#spent.untoldTokens);
  }

  /** This process has nothing more to do with the run. */
  #leave(ending: 'gone' | 'released'): void {
    this.#state = 'ending';
    this.#endWait?.();
    this.log.close(ending);
    this.#resolveEnded();
  }

  /** Never rejects. */
  async #end(last: RunEvent, output?: string): Promise<void> {
    this.#state = 'ending';
    this.#endWait?.();
    // Whoever sees the last event may ask for the next run.
    this.#endPermit();
    const { log } = this;
    try {
      await log.settle();
      const logged = makeLoggedEvent(last, log.now());
      if (log.ending === undefined) await this.#keepEnd(logged).catch((error: unknown) => this.#report(error));
      log.write(logged, readEnding(logged, output));
      await log.settle();
    } catch (error) {
      this.#report(error);
    }
    if (log.ending === 'over') this.#pack();
    // Its end is not kept: somebody has to end it once more.
    if (log.ending === 'released') this.#tools.onStoreAway(this.#run.id);
    this.#leave('gone');
  }

  /** Nobody waits for this but the shutdown. */
  #pack(): void {
    const { id } = this.#run;
    const { store, runs } = this.#tools;
    runs.holdOpen(
      id,
      store.pack(id).catch((error: unknown) => this.#report(error)),
    );
  }

  async #keepEnd(last: LoggedEvent): Promise<void> {
    const { id, owner, door } = this.#run;
    if (door.keepEnd === undefined) return;
    const run = await this.#tools.store.find(id, owner);
    if (run !== undefined) await door.keepEnd(run, last);
  }

  #report(error: unknown): void {
    this.#tools.onFault(this.#run.id, error);
  }
}

/** What a run has used, as its permit is told. */
interface Spent {
  readonly usage?: Usage | undefined;
  readonly untoldTokens?: number | undefined;
}

export function makeFailed(thrown: unknown): RunEvent {
  const error = toMillraceError(thrown);
  return { type: 'run-failed', seq: 0, error: toRunError(error), outcome: readOutcome(error) };
}
