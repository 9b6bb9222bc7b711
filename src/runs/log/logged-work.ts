import { type AbortCause, RunAbortedError, readOutcome, toMillraceError, toRunError } from '../../errors/index.js';
import type { RunEvent } from '../../engine/index.js';
import { Cancellation, type Clock } from '../../kernel/index.js';
import { coalesce } from '../../streaming/index.js';
import type { CompiledWorkflow, RunRequest } from '../../workflow/index.js';
import { mergeDeltaEvents } from '../merge-delta-events.js';
import type { QueuedPermit, RunOrigin } from '../run-options.js';
import type { RunService } from '../run.service.js';
import type { RunLogStore } from '../store/run-log-store.js';
import { type LoggedEvent, makeLoggedEvent } from './logged-event.js';
import type { OpenLog } from './open-log.js';
import type { PlaceSeeker, RunPlaces } from './run-places.js';
import { readEnding, RunRecorder } from './run-recorder.js';

/** Least time between two pieces of text in a log, in milliseconds, where a node has no window of its own. */
const DEBOUNCE_MS = 25;

/** A run that is to outlive its request. */
export interface RunToLog {
  readonly id: string;
  /** Id of its caller. */
  readonly owner: string;
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  /** What its door needs to tell it to clients, as JSON. */
  readonly head: string;
  /** What its door wants to have back at its end. */
  readonly memo: unknown;
  readonly origin: RunOrigin;
  /** True if clients are to be told what happens in the workflow. */
  readonly wantsContent: boolean;
  readonly permit: QueuedPermit;
  /** Keeps what is kept of its end, before anybody sees its last event. What it rejects with is logged, and no more. */
  readonly keepEnd: (last: LoggedEvent) => Promise<void>;
}

/** What is kept of what a run is asked, as JSON. */
export interface KeptRequest {
  readonly request: RunRequest;
  readonly memo: unknown;
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
  /** What the run is asked is not held in memory while it waits: thousands may. */
  readonly #run: Omit<RunToLog, 'request' | 'head' | 'memo'>;
  readonly #tools: WorkTools;
  readonly #stop = new Cancellation();
  #endWait: (() => void) | undefined;
  #state: 'waiting' | 'beginning' | 'running' | 'ending' = 'waiting';
  #resolveEnded!: () => void;

  constructor({ request: _request, head: _head, memo: _memo, ...run }: RunToLog, log: OpenLog, tools: WorkTools) {
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

  /**
   * The run waits for its place.
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
    this.#tools.places.enter(this);
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
      const json = await this.#tools.store.findRequest(this.#run.id);
      if (this.#state !== 'beginning') return;
      if (json === undefined) throw new Error('What the run is asked is not there any more');
      await this.#execute((JSON.parse(json) as KeptRequest).request);
    } catch (error) {
      if (this.#state !== 'ending') await this.#end(makeFailed(error));
    } finally {
      this.#run.permit.end();
      this.#tools.places.leave();
    }
  }

  async #execute(request: RunRequest): Promise<void> {
    const { id, workflow, origin, permit, wantsContent } = this.#run;
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
    const hasPlace = this.#state === 'beginning';
    if (!hasPlace) this.#tools.places.drop(this);
    void this.#end(makeFailed(new RunAbortedError(cause))).finally(() => {
      if (!hasPlace) this.#run.permit.end();
    });
  }

  /** Never rejects. */
  async #end(last: RunEvent): Promise<void> {
    this.#state = 'ending';
    this.#endWait?.();
    const { log } = this;
    try {
      await log.settle();
      const logged = makeLoggedEvent(last, log.now());
      if (log.ending === undefined) await this.#run.keepEnd(logged).catch((error: unknown) => this.#report(error));
      log.write(logged, readEnding(last));
      await log.settle();
    } catch (error) {
      this.#report(error);
      log.close();
    }
    this.#resolveEnded();
  }

  #report(error: unknown): void {
    this.#tools.onFault(this.#run.id, error);
  }
}

function makeFailed(thrown: unknown): RunEvent {
  const error = toMillraceError(thrown);
  return { type: 'run-failed', seq: 0, error: toRunError(error), outcome: readOutcome(error) };
}
