import { type AbortCause, RunAbortedError, readOutcome, toMillraceError, toRunError } from '../../errors/index.js';
import type { RunEvent } from '../../engine/index.js';
import { Cancellation, type Clock, type JsonObject, MAX_TIMER_MS, type Timer } from '../../kernel/index.js';
import { coalesce } from '../../streaming/index.js';
import type { CompiledWorkflow, RunRequest } from '../../workflow/index.js';
import { mergeDeltaEvents } from '../merge-delta-events.js';
import type { QueuedPermit, RunOrigin } from '../run-options.js';
import type { RunService } from '../run.service.js';
import type { LoggedRun, RunLogStore } from '../store/run-log-store.js';
import { type LoggedEvent, makeLoggedEvent } from './logged-event.js';
import type { OpenLog } from './open-log.js';
import type { RunDoor } from './run-door.js';
import type { PlaceSeeker, RunPlaces } from './run-places.js';
import { readEnding, RunRecorder } from './run-recorder.js';

/** Least time between two pieces of text in a log, in milliseconds, where a node has no window of its own. */
const DEBOUNCE_MS = 25;

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
}

/** What is kept of what a run is asked, as JSON. */
export interface KeptRequest {
  readonly request: RunRequest;
  readonly memo: unknown;
  readonly origin: RunOrigin;
  readonly wantsContent: boolean;
}

/** What the work on a run has to know of it from the beginning on. What it is asked is not held in memory while it waits. */
export interface RunToWork
  extends Pick<LoggedRun, 'id' | 'owner' | 'runAt' | 'priority'>, Pick<RunToLog, 'workflow' | 'permit'> {
  readonly door: RunDoor;
}

/** What the work on a run needs. */
export interface WorkTools {
  readonly runs: RunService;
  readonly store: RunLogStore;
  readonly places: RunPlaces;
  readonly clock: Clock;
  /** How long a run may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly onFault: (run: string, error: unknown) => void;
}

/** The work on one logged run, from the queue to its last event. */
export class LoggedWork implements PlaceSeeker {
  /** Resolves when the run is over and its log has all of it, or will never have it. Never rejects. */
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

  /** Ends the run before its end, unless it is ending already. */
  cancel(): void {
    if (this.#state === 'running') this.#tools.runs.cancel(this.#run.id);
    else this.#refuse('cancelled');
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    try {
      const claimed = await this.#tools.store.claim(this.#run.id);
      if (claimed === undefined) throw new Error('What the run is asked is not there any more');
      this.log.claim(claimed.run.epoch);
      if (this.#refusal !== undefined) throw new RunAbortedError(this.#refusal);
      await this.#execute(JSON.parse(claimed.request) as KeptRequest);
    } catch (error) {
      if (this.#state !== 'ending') await this.#end(makeFailed(error));
    } finally {
      this.#run.permit.end();
      this.#tools.places.leave();
    }
  }

  async #execute({ request, origin, wantsContent }: KeptRequest): Promise<void> {
    const { id, workflow, permit } = this.#run;
    const { runs, clock, timeoutMs } = this.#tools;
    const { log } = this;
    const events = runs.start(workflow, request, { id, gate: log.gate, origin, permit, timeoutMs });
    this.#endWait?.();
    this.#state = 'running';
    const recorder = new RunRecorder(log, wantsContent);
    await events.read(
      recorder,
      coalesce({
        clock,
        chooseWindow: (event) => (event.type === 'delta' ? (event.debounceMs ?? DEBOUNCE_MS) : undefined),
        merge: mergeDeltaEvents,
      }),
    );
    if (recorder.last !== undefined) await this.#end(recorder.last);
  }

  /** The run is not to begin at all. */
  #refuse(cause: AbortCause): void {
    if (this.#state === 'running' || this.#state === 'ending') return;
    if (this.#state === 'beginning') {
      // Its end can be written once it is known under which number.
      this.#refusal ??= cause;
      return;
    }
    this.#delay?.cancel();
    this.#tools.places.drop(this);
    void this.#end(makeFailed(new RunAbortedError(cause))).finally(() => this.#run.permit.end());
  }

  /** Never rejects. */
  async #end(last: RunEvent): Promise<void> {
    this.#state = 'ending';
    this.#endWait?.();
    const { log } = this;
    try {
      await log.settle();
      const logged = makeLoggedEvent(last, log.now());
      if (log.ending === undefined) await this.#keepEnd(logged).catch((error: unknown) => this.#report(error));
      log.write(logged, readEnding(logged));
      await log.settle();
    } catch (error) {
      this.#report(error);
      log.close();
    }
    this.#resolveEnded();
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

function makeFailed(thrown: unknown): RunEvent {
  const error = toMillraceError(thrown);
  return { type: 'run-failed', seq: 0, error: toRunError(error), outcome: readOutcome(error) };
}
