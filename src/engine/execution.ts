import {
  InternalError,
  loggableStack,
  type MillraceError,
  RunAbortedError,
  toMillraceError,
  toRunError,
} from '../errors/index.js';
import {
  abortable,
  type AbortNotice,
  assertNever,
  type Cancellation,
  type Clock,
  isError,
  type Place,
  type Semaphore,
  settleInTime,
  settleOrAbort,
  toJsonValue,
} from '../kernel/index.js';
import type { FinishReason, Usage } from '../models/index.js';
import { type Delta, type Gate, isDelta } from '../streaming/index.js';
import {
  type AgentEvent,
  type CallName,
  type RunRequest,
  type CompiledWorkflow,
  type Deltas,
  describeFailure,
  type EventLevel,
  IncompleteAnswerError,
  MOST_CONTENT_BYTES,
  type NestedStep,
  type NodeStep,
  type RouteStep,
  type RunLog,
  type CompiledScope,
  type Step,
  type StepEvents,
  type StepLog,
  TaskContext,
  type Values,
} from '../workflow/index.js';
import { makeDeltaError } from './delta-error.js';
import { Outputs } from './outputs.js';
import type { ObserverContent, ObserverEvent, UnnumberedEvent } from './run-event.js';
import type { Speaker, SpeakingOrder } from './speaking-order.js';
import { StepUsage } from './step-usage.js';

/** How long a node that was aborted may take to close what it opened, in milliseconds. */
const ABORT_GRACE_MS = 1_000;

/** What all executions of one run share. */
export interface SharedRun {
  /** Aborts when the run is ended from outside, or one of its steps fails: with that failure. */
  readonly cancellation: Cancellation;
  readonly gate: Gate;
  readonly places: Semaphore;
  readonly clock: Clock;
  readonly log: RunLog;
  /** Whether tokens that upstreams do not tell are estimated. */
  readonly estimatesTokens: boolean;
  /** Whether the run's reader can be kept waiting for so many milliseconds before a failed model call is made again. */
  readonly canWait: (ms: number) => boolean;
  /** Whether somebody wants what authors' code gives in the events. */
  readonly wantsContent: () => boolean;
  readonly emit: (event: UnnumberedEvent) => void;
  /** Tells observers what the run's reader is not told. */
  readonly observe: (event: ObserverEvent, content?: ObserverContent) => void;
  /** Told of each node before it starts: it is cleaned up at the run's end. */
  readonly started: (step: NodeStep, context: TaskContext) => void;
  /** Set when an answer broke off in the middle of a visible node: no step of any workflow of the run starts any more. */
  brokenOff: boolean;
  /** Told of what each node uses when it starts. */
  readonly account: (usage: StepUsage) => void;
}

/** A node at work. */
interface Work {
  readonly step: NodeStep;
  readonly turn: SpeakingOrder | undefined;
  place: Place;
}

/** What is known of a node at work beside what it gives. */
interface StepFacts {
  readonly usage: StepUsage;
  readonly log: StepLog;
}

/** One workflow at work, in a run of its own or as a step of another. */
export class Execution implements Values {
  readonly outputs = new Outputs();
  readonly #metadata = new Map<string, unknown>();
  /** Of the visible nodes. */
  readonly #finishReasons: FinishReason[] = [];
  /** Of every step by its key: what the models behind its output stopped for. */
  readonly #reasonsByStep = new Map<string, readonly FinishReason[]>();
  #stopped = false;
  /** Key of the node that stopped the workflow. */
  #stoppedBy: string | undefined;
  #hasVisibleStep = false;
  #hasFailed = false;

  /**
   * @param isTraced true: somebody keeps a trace of it
   * @param path keys of the steps around it, each with a slash behind it; empty for the run's own workflow
   */
  constructor(
    readonly workflow: CompiledWorkflow,
    readonly request: RunRequest,
    private readonly run: SharedRun,
    private readonly isTraced: boolean,
    private readonly path = '',
  ) {}

  /** True if a visible node has run, whether or not it had anything to say. */
  get hasVisibleStep(): boolean {
    return this.#hasVisibleStep;
  }

  /** True if the run's failure began in one of its steps. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Why the models behind the answer stopped: those of visible nodes, or the one that gave the result. */
  get finishReasons(): readonly FinishReason[] {
    if (this.#hasVisibleStep) return this.#finishReasons;
    const { resultStep } = this.workflow.scope;
    return (resultStep === undefined ? undefined : this.#reasonsByStep.get(resultStep)) ?? [];
  }

  get #isOver(): boolean {
    return this.#stopped || this.run.brokenOff;
  }

  /**
   * Runs all steps and gives the result.
   * @param turn where its visible nodes speak; undefined if none of it may
   * @throws whatever the first step that failed threw
   */
  async execute(turn: SpeakingOrder | undefined): Promise<unknown> {
    await this.#runScope(this.workflow.scope, turn);
    return this.#isOver ? this.#findStoppedResult() : this.workflow.scope.result(this);
  }

  /** A step starts when those that it depends on have finished; the first failure ends all. */
  async #runScope(scope: CompiledScope, turn: SpeakingOrder | undefined): Promise<void> {
    const finished = new Map<string, Promise<void>>();
    for (const step of scope.steps) {
      const stepTurn = step.visible ? turn?.child() : undefined;
      const ready =
        step.dependsOn.length === 0 ? undefined : Promise.all(step.dependsOn.flatMap((key) => finished.get(key) ?? []));
      finished.set(step.key, this.#runStep(step, stepTurn, ready));
    }
    const failures = (await Promise.allSettled(finished.values())).filter(({ status }) => status === 'rejected');
    // They fail for one reason: the first failure aborts the rest with itself.
    if (failures.length > 0) throw this.run.cancellation.reason;
  }

  async #runStep(step: Step, turn: SpeakingOrder | undefined, ready: Promise<unknown> | undefined): Promise<void> {
    try {
      await ready;
      if (this.#isOver) return;
      this.run.cancellation.throwIfAborted();
      await this.#runKind(step, turn);
    } catch (thrown) {
      if (!this.run.cancellation.aborted) {
        this.#hasFailed = true;
        this.run.log.stepFailed(this.path + step.key, undefined);
      }
      // What others have failed with, or an abort, has been told already.
      this.run.cancellation.abort(thrown);
      throw thrown;
    } finally {
      turn?.close();
    }
  }

  #runKind(step: Step, turn: SpeakingOrder | undefined): Promise<void> {
    switch (step.kind) {
      case 'node':
        return this.#runNode(step, turn);
      case 'route':
        return this.#runRoute(step, turn);
      case 'workflow':
        return this.#runNested(step, turn);
      default:
        return assertNever(step);
    }
  }

  async #runRoute(step: RouteStep, turn: SpeakingOrder | undefined): Promise<void> {
    const branch = String(step.decide(this));
    const scope = step.branches.get(branch);
    if (scope === undefined) {
      throw new Error(`The route "${step.key}" of the workflow "${this.workflow.id}" has no branch for its value`);
    }
    this.run.emit({ type: 'route-taken', node: this.path + step.key, branch });
    await this.#runScope(scope, turn);
    if (this.#isOver) return;
    this.outputs.set(step.key, scope.result(this));
    const reasons = scope.resultStep === undefined ? undefined : this.#reasonsByStep.get(scope.resultStep);
    if (reasons !== undefined) this.#reasonsByStep.set(step.key, reasons);
  }

  async #runNested(step: NestedStep, turn: SpeakingOrder | undefined): Promise<void> {
    const node = this.path + step.key;
    const startedAt = this.run.clock.monotonic();
    const visible = turn !== undefined;
    const elapsed = (): number => this.run.clock.monotonic() - startedAt;
    this.run.emit({ type: 'node-started', node, kind: 'workflow', visible });
    let isTraced = false;
    let execution: Execution | undefined;
    try {
      const request = step.request(this);
      isTraced = this.isTraced && step.workflow.traced;
      if (isTraced) this.#traceStep(step.key, request.messages, step.workflow.id);
      execution = new Execution(step.workflow, request, this.run, isTraced, `${node}/`);
      const output = await execution.execute(turn);
      this.outputs.set(step.key, output);
      if (isTraced) this.#endStepTrace(node, {}, output);
      this.#emitFinished(node, visible, elapsed(), output);
    } catch (thrown) {
      if (isTraced) this.#endStepTrace(node, makeEnding(thrown, this.run.cancellation));
      const hasFailed = execution?.hasFailed === true;
      this.#hasFailed ||= hasFailed;
      this.#emitFailed(node, thrown, elapsed(), { aborted: !hasFailed && this.run.cancellation.aborted });
      throw thrown;
    } finally {
      if (execution !== undefined) this.#takeOver(execution, step.key);
    }
  }

  /** What the answer owes to a nested workflow. */
  #takeOver(execution: Execution, key: string): void {
    this.#hasVisibleStep ||= execution.hasVisibleStep;
    this.#reasonsByStep.set(key, execution.finishReasons);
    if (execution.hasVisibleStep) this.#finishReasons.push(...execution.finishReasons);
  }

  #emitFinished(node: string, visible: boolean, elapsedMs: number, output: unknown, usage?: Usage): void {
    const shown = this.run.wantsContent() ? toJsonValue(output, MOST_CONTENT_BYTES) : undefined;
    this.run.emit({
      type: 'node-finished',
      node,
      visible,
      elapsedMs,
      ...(shown !== undefined && { output: shown }),
      ...(usage !== undefined && { usage }),
    });
  }

  #emitProgress(node: string, message: string, data: unknown): void {
    const shown = this.run.wantsContent() ? toJsonValue(data, MOST_CONTENT_BYTES) : undefined;
    this.run.emit({ type: 'node-progress', node, message, ...(shown !== undefined && { data: shown }) });
  }

  #emitFailed(
    node: string,
    thrown: unknown,
    elapsedMs: number,
    { aborted = false, recovered = false }: { readonly aborted?: boolean; readonly recovered?: boolean },
  ): void {
    const error = toRunError(toMillraceError(thrown));
    this.run.emit({ type: 'node-failed', node, elapsedMs, error, recovered, aborted });
  }

  async #runNode(step: NodeStep, turn: SpeakingOrder | undefined): Promise<void> {
    const { clock, places, cancellation } = this.run;
    const work: Work = { step, turn, place: await places.acquire(cancellation) };
    // The workflow may have been stopped while this step waited to be let in.
    if (this.#isOver) {
      work.place.release();
      return;
    }
    const node = this.path + step.key;
    const startedAt = clock.monotonic();
    const usage = new StepUsage();
    this.run.account(usage);
    const log = this.run.log.step(node);
    const visible = turn !== undefined;
    this.run.emit({ type: 'node-started', node, kind: step.nodeKind, visible });
    const elapsed = (): number => clock.monotonic() - startedAt;
    let isTraced = false;
    try {
      const input = step.input(this);
      ({ isTraced } = this);
      if (isTraced) this.#traceStep(step.key, input);
      const context = this.#makeContext(step, node, this.#openEvents(node, usage), log);
      this.run.started(step, context);
      if (visible) this.#hasVisibleStep = true;
      const output = await settleOrAbort(this.#process(work, input, context), cancellation, clock, ABORT_GRACE_MS);
      this.outputs.set(step.key, output, step.instance);
      if (isTraced) this.#endStepTrace(node, {}, output);
      this.#emitFinished(node, visible, elapsed(), output, usage.usage);
    } catch (thrown) {
      if (isTraced) this.#endStepTrace(node, makeEnding(thrown, cancellation));
      this.#recover(work, node, thrown, { usage, log }, elapsed());
    } finally {
      work.place.release();
      const { finishReason } = usage;
      if (finishReason !== undefined) {
        this.#reasonsByStep.set(step.key, [finishReason]);
        if (visible) this.#finishReasons.push(finishReason);
      }
    }
  }

  /** What becomes of a failure: an honest early end, a substitute output, or the failure of the run. */
  #recover({ step, turn }: Work, node: string, thrown: unknown, { usage, log }: StepFacts, elapsedMs: number): void {
    if (this.run.cancellation.aborted) {
      this.run.log.stepAborted(node, log.lastCall);
      this.#emitFailed(node, thrown, elapsedMs, { aborted: true });
      throw thrown;
    }
    if (turn !== undefined && isError(thrown) && thrown instanceof IncompleteAnswerError) {
      this.run.brokenOff = true;
      this.#emitFinished(node, true, elapsedMs, undefined, usage.usage);
      return;
    }
    const error = toMillraceError(thrown);
    const call = log.findFailedCall(thrown);
    this.#emitFailed(node, error, elapsedMs, { recovered: step.onError !== undefined });
    if (step.onError === undefined) {
      this.run.log.stepFailed(node, call);
      throw error;
    }
    this.#logRecovered(log, error, call);
    this.outputs.set(step.key, step.onError(error), step.instance);
  }

  /** The client sees nothing of it, so the log is the one place. */
  #logRecovered(log: StepLog, error: MillraceError, call: CallName | undefined): void {
    const { words, facts } = describeFailure(error);
    const isBug = error instanceof InternalError;
    log.write(
      isBug ? 'error' : 'warn',
      `goes on with the substitute output of a step that failed: ${words}`,
      { ...call, ...facts },
      isBug ? loggableStack(error.cause) : undefined,
    );
  }

  #traceStep(name: string, input: unknown, workflow?: string): void {
    const { path } = this;
    const within = path === '' ? {} : { within: path.slice(0, -1) };
    const nested = workflow === undefined ? {} : { workflow };
    this.run.observe({ type: 'step-traced', node: path + name, name, ...within, ...nested }, { input });
  }

  #endStepTrace(node: string, ending: TraceEnding, output?: unknown): void {
    this.run.observe({ type: 'step-trace-ended', node, ...ending }, { output });
  }

  /** What is told of the work in a node goes to its usage and to the observers; who its model is, to the reader as well. */
  #openEvents(node: string, usage: StepUsage): StepEvents {
    let last = 0;
    return {
      isTraced: this.isTraced,
      nextNumber: () => ++last,
      emit: (event) => {
        usage.take(event);
        // Each event was made for this call, so it gets its node as it is.
        const placed = event as AgentEvent & { node: string };
        placed.node = node;
        if (placed.type === 'model-identified') this.run.emit(placed);
        else this.run.observe(placed);
      },
    };
  }

  #makeContext(step: NodeStep, node: string, events: StepEvents, log: StepLog): TaskContext {
    const { cancellation, clock, canWait, estimatesTokens } = this.run;
    return new TaskContext({
      request: this.request,
      signal: cancellation,
      clock,
      events,
      estimatesTokens,
      log,
      canWait,
      output: (type, key) => this.outputs.findByNode(type, key),
      metadata: this.#metadata,
      onStop: () => {
        this.#stopped = true;
        this.#stoppedBy = step.key;
      },
      onProgress: (message, data) => this.#emitProgress(node, message, data),
    });
  }

  async #process(work: Work, input: unknown, context: TaskContext): Promise<unknown> {
    const { instance, streams, key } = work.step;
    const result = instance.process(input, context);
    if (!isGenerator(result)) return result;
    if (streams) return this.#pull(work, result);
    throw new Error(
      `The step "${this.path}${key}" of the workflow "${this.workflow.id}" gives a generator, but its process is not ` +
        'written as one: write `async *process`, or add `readonly streams = true` to its class',
    );
  }

  /** Takes what a node yields, no faster than the reader of the run can follow. */
  async #pull(work: Work, generator: AsyncGenerator<Deltas, unknown, void>): Promise<unknown> {
    const { cancellation, clock, gate } = this.run;
    const { step, turn } = work;
    const speaker: Speaker = { node: this.path + step.key, debounceMs: step.instance.debounceMs };
    let done = false;
    try {
      for (;;) {
        const next = await generator.next();
        if (next.done === true) {
          done = true;
          return next.value;
        }
        if (cancellation.aborted) throw cancellation.reason;
        if (isBatch(next.value)) for (const delta of next.value) this.#say(turn, speaker, delta);
        else this.#say(turn, speaker, next.value);
        if (turn === undefined) continue;
        if (!gate.isOpen) await abortable(gate.opened(), cancellation);
        if (!turn.hasRoom) await this.#waitForTurn(work, turn);
      }
    } finally {
      // Its clean-up may take for ever, too.
      if (!done) await settleInTime(generator.return(undefined), clock, ABORT_GRACE_MS, () => undefined);
    }
  }

  /**
   * @param turn undefined for a step that is not visible; what it yields must still be right, or it would fail on the day
   *   on which it is made visible
   * @throws Error if it is no delta
   */
  #say(turn: SpeakingOrder | undefined, speaker: Speaker, delta: unknown): void {
    if (!isDelta(delta)) throw makeDeltaError(delta, speaker.node, this.workflow.id);
    turn?.say(speaker, delta);
  }

  /** Gives its place away meanwhile: the steps that speak before it may need it. */
  async #waitForTurn(work: Work, turn: SpeakingOrder): Promise<void> {
    const { places, cancellation } = this.run;
    work.place.release();
    await abortable(turn.room(), cancellation);
    work.place = await places.acquire(cancellation);
  }

  /** Of a workflow that was stopped: what the step that stopped it gave, if its result cannot be had. */
  #findStoppedResult(): unknown {
    const { resultStep, scope } = this.workflow;
    if (resultStep !== undefined && this.outputs.has(resultStep)) return scope.result(this);
    return this.#stoppedBy === undefined ? undefined : this.outputs.get(this.#stoppedBy);
  }
}

/** How what is traced has ended. */
export interface TraceEnding {
  readonly level?: EventLevel;
  readonly statusMessage?: string;
}

/** How a failure shows in a trace: an ending from outside is a warning, anything else an error. */
export function makeEnding(thrown: unknown, signal: AbortNotice): TraceEnding {
  if (isError(thrown) && thrown instanceof RunAbortedError)
    return { level: 'WARNING', statusMessage: `aborted: ${thrown.abortCause}` };
  if (signal.aborted) return { level: 'WARNING', statusMessage: 'aborted: another step failed' };
  const error = toMillraceError(thrown);
  return { level: 'ERROR', statusMessage: `${error.code ?? error.name}: ${error.diagnostic ?? error.message}` };
}

function isGenerator(value: unknown): value is AsyncGenerator<Deltas, unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}

function isBatch(deltas: Deltas): deltas is readonly Delta[] {
  return Array.isArray(deltas);
}
