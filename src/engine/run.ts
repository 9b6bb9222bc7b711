import {
  formatStackForLog,
  type MillraceError,
  readOutcome,
  RunAbortedError,
  toMillraceError,
  toRunError,
} from '../errors/index.js';
import {
  Cancellation,
  type Clock,
  type IdSource,
  rejectOnAbort,
  Semaphore,
  settleInTime,
  toJsonValue,
} from '../kernel/index.js';
import { type FinishReason, pickWorseFinishReason } from '../models/index.js';
import { DeltaCollector, type Delta, type Gate } from '../streaming/index.js';
import {
  type RunRequest,
  type CompiledWorkflow,
  MOST_CONTENT_BYTES,
  type NodeStep,
  type RunLogger,
  type TaskContext,
} from '../workflow/index.js';
import { Checkpoints } from './checkpoints.js';
import { Execution } from './execution.js';
import { OneOutput } from './one-output.js';
import type {
  LostUsage,
  ObserverContent,
  ObserverEvent,
  OpenWait,
  RunEnd,
  RunEvent,
  RunFinished,
  UnnumberedEvent,
} from './run-event.js';
import type { ResumedRun } from './run-history.js';
import type { StepCheckpoint } from './step-checkpoint.js';
import type { SharedRun } from './shared-run.js';
import { type Speaker, SpeakingOrder } from './speaking-order.js';
import { StepUsage, sumUsage } from './step-usage.js';
import { describeEnding, type EndingFacts } from './failure-ending.js';

/** What a run needs. */
interface RunParts {
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  /** Ends the run when it aborts. */
  readonly cancellation: Cancellation;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** See `RunOptions.failFastMs`. */
  readonly failFastMs: number | undefined;
  readonly log: RunLogger;
  /** Id of its trace, for readers; undefined if it has none. */
  readonly traceId: string | undefined;
  /** True if observers want content: the inputs and outputs of steps, models and tools. */
  readonly observersWantContent: boolean;
  /** True if an observer wants the whole output at the end. */
  readonly keepsOutput: boolean;
  /** Most characters of the run's output: collectors, for a client or an observer, hold all of it in memory. */
  readonly maxOutputLength: number;
  /** True if tokens that upstreams do not report are estimated. */
  readonly estimatesTokens: boolean;
  /** Takes each finished step directly before the event of its end. Undefined: nothing is stored. */
  readonly keepStep: ((checkpoint: StepCheckpoint) => void) | undefined;
  /** Resolves once all events so far are stored. Absent: they are not stored. */
  readonly settle?: (() => Promise<void>) | undefined;
  /** Undefined: the run begins. */
  readonly resumed: ResumedRun | undefined;
  /** See `RunOptions.answer`. */
  readonly answer?: ((wait: OpenWait) => unknown) | undefined;
  /** See `RunOptions.retry`. */
  readonly retry?: ((error: MillraceError) => number | undefined) | undefined;
  /** Whether a reader wants values from authors' code in the events: outputs, the result, progress data. */
  readonly readersWantContent: () => boolean;
  /** Takes each event; the last one comes with the run's end. */
  readonly emit: (event: RunEvent, end?: RunEnd) => void;
  /** Takes the events that only observers get. */
  readonly observe: (event: ObserverEvent, content?: ObserverContent) => void;
}

/** How long the run waits for the `cleanup` of one node, in milliseconds, before it calls the next. */
const CLEANUP_LIMIT_MS = 10_000;

/** One execution of one workflow for one request. */
export class Run {
  readonly #parts: RunParts;
  // These lists are replaced, not pushed to: a push reserves room for 16 more in each open run.
  #usages: readonly StepUsage[] = [];
  #started: readonly { readonly step: NodeStep; readonly context: TaskContext }[] = [];
  readonly #startedAt: number;
  #hasLostUsage = false;
  #seq = 0;
  readonly #output: OneOutput;
  readonly #collector: DeltaCollector | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.monotonic();
    this.#collector = parts.keepsOutput ? new DeltaCollector() : undefined;
    this.#output = new OneOutput({
      separator: parts.workflow.separator,
      ids: parts.ids,
      longest: parts.maxOutputLength,
      cancellation: parts.cancellation,
      say: (speaker, delta) => this.#say(speaker, delta),
    });
  }

  /** Runs the workflow to its end. Never rejects: a failure is the last event. */
  async execute(): Promise<void> {
    const { workflow, request, cancellation, traceId, observersWantContent, resumed } = this.#parts;
    const checkpoints = this.#makeCheckpoints();
    if (resumed === undefined) this.#emit({ type: 'run-started', ...(traceId !== undefined && { traceId }) });
    try {
      if (checkpoints !== undefined && resumed !== undefined) await this.#resume(checkpoints, resumed);
      const execution = new Execution(workflow, request, this.#share(checkpoints), observersWantContent);
      const result = await execution.execute(new SpeakingOrder((speaker, delta) => this.#output.add(speaker, delta)));
      cancellation.throwIfAborted();
      if (execution.waits.length > 0) this.#wait(execution.waits);
      else if (!execution.hasVisibleStep) this.#sayResult(result);
      cancellation.throwIfAborted();
      if (execution.waits.length === 0) this.#finish(result, execution.finishReasons);
    } catch (thrown) {
      this.#fail(thrown, checkpoints?.mustNotRunAgain === true);
    }
    await this.#cleanUp();
  }

  #makeCheckpoints(): Checkpoints | undefined {
    const { keepStep, resumed, settle = async (): Promise<void> => undefined } = this.#parts;
    if (keepStep === undefined && resumed === undefined) return undefined;
    const keep = (checkpoint: StepCheckpoint): void => {
      this.#output.endSpeech(checkpoint.node);
      keepStep?.(checkpoint);
    };
    return new Checkpoints(keep, resumed, settle);
  }

  #share(checkpoints: Checkpoints | undefined): SharedRun {
    const { workflow, cancellation, gate, clock, log, resumed, estimatesTokens, readersWantContent, observe, answer } =
      this.#parts;
    return {
      cancellation,
      gate,
      clock,
      log,
      attempt: resumed?.attempt ?? 1,
      estimatesTokens,
      checkpoints,
      makeCallId: () => `call_${this.#parts.ids.toolCallId()}`,
      answer,
      canWait: (ms) => this.#canWait(ms),
      readersWantContent,
      places: new Semaphore(workflow.concurrency),
      brokenOff: checkpoints?.isBrokenOff === true,
      emit: (runEvent) => this.#tell(runEvent),
      observe,
      addStarted: (step, context) => {
        this.#started = this.#started.concat({ step, context });
      },
      addUsage: (usage) => {
        this.#usages = this.#usages.concat(usage);
      },
    };
  }

  /** Continues what another process has begun: its output continues after the last delta that readers have received. */
  async #resume(checkpoints: Checkpoints, { epoch, history, steps }: ResumedRun): Promise<void> {
    const { workflow, cancellation, log } = this.#parts;
    this.#seq = history.lastSeq + 1;
    if (!history.isWaiting) this.#emit({ type: 'run-resumed', epoch });
    // Usage counts even for a step that runs again.
    this.#usages = [...steps, ...history.lostUsage].map((kept) => new StepUsage(kept));
    this.#hasLostUsage = history.hasLostUsage;
    const { voids, soFar, said } = await rejectOnAbort(checkpoints.restore(workflow, log), cancellation);
    for (const speech of voids) this.#emit({ type: 'node-restarted', ...speech });
    for (const delta of said) this.#collector?.add(delta);
    this.#output.resume(soFar);
  }

  #say({ node, debounceMs }: Speaker, delta: Delta): void {
    this.#collector?.add(delta);
    // Runs once per token: written out, because a spread would cost more than everything else here.
    const seq = this.#seq++;
    this.#parts.emit(
      debounceMs === undefined ? { type: 'delta', seq, node, delta } : { type: 'delta', seq, node, delta, debounceMs },
    );
  }

  #canWait(ms: number): boolean {
    const { failFastMs, clock } = this.#parts;
    if (failFastMs === undefined || this.#output.hasBegun) return true;
    const leftMs = failFastMs - (clock.monotonic() - this.#startedAt);
    return leftMs <= 0 || ms <= leftMs;
  }

  /** Sends the workflow's result as the content, because no visible node ran. */
  #sayResult(result: unknown): void {
    const { workflow } = this.#parts;
    const whole = typeof result === 'string' ? result : encodeResult(result, workflow.id);
    // A part or all of it may have been sent before the run was resumed.
    const text = whole.slice(this.#output.length);
    const node = workflow.resultStep ?? workflow.id;
    this.#output.add({ node, debounceMs: undefined }, { type: 'content', text });
  }

  /** Ends the attempt: nothing of the run is active until it is answered. */
  #wait(waits: readonly OpenWait[]): void {
    this.#output.endCharacters();
    const usage = this.#sumUsage();
    this.#leave({});
    this.#emit(
      {
        type: 'run-waiting',
        waits,
        contentLength: this.#output.contentLength,
        ...(usage !== undefined && { usage }),
        ...this.#sumUnreported(),
      },
      {},
    );
  }

  #finish(result: unknown, finishReasons: readonly FinishReason[]): void {
    this.#output.endCharacters();
    const finishReason = finishReasons.reduce<FinishReason>(pickWorseFinishReason, 'stop');
    const usage = this.#sumUsage();
    this.#leave({ finishReason });
    const shown = this.#parts.readersWantContent() ? toJsonValue(result, MOST_CONTENT_BYTES) : undefined;
    this.#emit(
      {
        type: 'run-finished',
        finishReason,
        ...(shown !== undefined && { result: shown }),
        ...(usage !== undefined && { usage }),
        ...this.#sumUnreported(),
      },
      { result },
    );
  }

  /** @param isFinal true if it must not be tried again */
  #fail(thrown: unknown, isFinal: boolean): void {
    this.#output.endCharacters();
    const usage = this.#sumUsage();
    // The first failure aborted the other steps, but the run itself was not aborted.
    this.#leave(describeEnding(thrown, NEVER_ABORTED));
    const error = toMillraceError(thrown);
    const { log, workflow, retry } = this.#parts;
    const node = error instanceof RunAbortedError || !hasSeveralSteps(workflow) ? undefined : log.failedStep?.node;
    const retryAt = isFinal ? undefined : retry?.(error);
    this.#tellLog(error, retryAt);
    const facts = {
      error: toRunError(error),
      ...(node !== undefined && { node }),
      ...(usage !== undefined && { usage }),
      ...this.#sumUnreported(),
    };
    if (retryAt === undefined) this.#emit({ type: 'run-failed', outcome: readOutcome(error), ...facts }, { error });
    else this.#emit({ type: 'run-retrying', retryAt, lost: this.#sumLost(), ...facts }, {});
  }

  /** Usage of steps that run again. */
  #sumLost(): LostUsage {
    const lost = this.#usages.filter(({ isKept }) => !isKept);
    const usage = sumUsage(lost.map((each) => each.usage));
    const unreportedTokens = lost.reduce((sum, each) => sum + each.unreportedTokens, 0);
    return { ...(usage !== undefined && { usage }), ...(unreportedTokens > 0 && { unreportedTokens }) };
  }

  /** Logs what only operators may see. A log that throws must not keep the run from its last event. */
  #tellLog(error: MillraceError, retryAt: number | undefined): void {
    const { log } = this.#parts;
    try {
      log.writeFailure(error, retryAt);
    } catch (thrown) {
      // Later, because the log itself has just failed.
      process.nextTick(() =>
        log.write('error', 'failed, and the failure could not be logged', {}, formatStackForLog(thrown)),
      );
    }
  }

  #leave(ending: EndingFacts & { readonly finishReason?: FinishReason }): void {
    if (this.#collector === undefined) return;
    this.#parts.observe({ type: 'run-left', ...ending }, { output: this.#collector.output() });
  }

  async #cleanUp(): Promise<void> {
    const { clock, log } = this.#parts;
    for (const { step, context } of this.#started.toReversed()) {
      try {
        const cleaned = step.instance.cleanup?.(context);
        if (!isPromise(cleaned)) continue;
        await settleInTime(cleaned, clock, CLEANUP_LIMIT_MS, () => {
          const words = `has a cleanup() that has not ended after ${CLEANUP_LIMIT_MS} ms, and stops waiting for it`;
          log.step(step.node).write('error', words);
        });
      } catch (error) {
        log.step(step.node).write('error', 'has a cleanup() that failed', {}, formatStackForLog(error));
      }
    }
  }

  /** Usage beyond what upstreams have reported. */
  #sumUnreported(): Pick<RunFinished, 'isUsageIncomplete' | 'unreportedTokens'> {
    const unreportedTokens = this.#usages.reduce((sum, { unreportedTokens: unreported }) => sum + unreported, 0);
    return {
      ...(this.#hasLostUsage && { isUsageIncomplete: true }),
      ...(unreportedTokens > 0 && { unreportedTokens }),
    };
  }

  #sumUsage(): ReturnType<typeof sumUsage> {
    return sumUsage(this.#usages.map(({ usage }) => usage));
  }

  /** What happens in the steps. */
  #tell(event: UnnumberedEvent): void {
    if (event.type === 'node-finished') this.#output.endSpeech(event.node);
    this.#emit(event);
  }

  #emit(event: UnnumberedEvent, end?: RunEnd): void {
    // Each event object was made for this call, so it can be changed in place.
    const numbered = event as Numberable;
    numbered.seq = this.#seq++;
    this.#parts.emit(numbered, end);
  }
}

/** A run event whose number can be set. */
type Numberable = RunEvent & { seq: number };

function hasSeveralSteps({ schema: { nodes } }: CompiledWorkflow): boolean {
  return nodes.length > 1 || nodes[0]?.kind === 'workflow';
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** @throws Error if JSON cannot hold the result */
function encodeResult(result: unknown, workflow: string): string {
  try {
    return JSON.stringify(result) ?? '';
  } catch (cause) {
    throw new Error(
      `The result of the workflow "${workflow}" cannot be sent: JSON cannot hold it. Return a text or plain data`,
      { cause },
    );
  }
}

const NEVER_ABORTED = new Cancellation();
