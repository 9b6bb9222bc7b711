import { InternalError, formatStackForLog, type MillraceError, toMillraceError } from '../errors/index.js';
import { assertNever, ensureError, isError } from '../kernel/index.js';
import type { FinishReason } from '../models/index.js';
import {
  type AgentEvent,
  type CallName,
  type CompiledScope,
  type CompiledWorkflow,
  describeFailure,
  IncompleteAnswerError,
  type NestedStep,
  type NodeStep,
  type RouteStep,
  type RunRequest,
  type Step,
  type StepEvents,
  type StepLog,
  TaskContext,
  type Values,
} from '../workflow/index.js';
import { NodeWork } from './node-work.js';
import { Outputs } from './outputs.js';
import type { SharedRun } from './shared-run.js';
import type { SpeakingOrder } from './speaking-order.js';
import { StepReport } from './step-report.js';
import { StepUsage } from './step-usage.js';
import { makeEnding } from './trace-ending.js';

/** What is known of a node at work beside what it gives. */
interface StepFacts {
  readonly report: StepReport;
  readonly usage: StepUsage;
  readonly log: StepLog;
  readonly visible: boolean;
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
    const report = new StepReport(this.run, this.path + step.key, turn !== undefined);
    report.started('workflow');
    let isTraced = false;
    let execution: Execution | undefined;
    try {
      const request = step.request(this);
      isTraced = this.isTraced && step.workflow.traced;
      if (isTraced) report.traced(step.key, this.path, request.messages, step.workflow.id);
      execution = new Execution(step.workflow, request, this.run, isTraced, `${report.node}/`);
      const output = await execution.execute(turn);
      this.outputs.set(step.key, output);
      if (isTraced) report.traceEnded({}, output);
      report.finished(output);
    } catch (thrown) {
      if (isTraced) report.traceEnded(makeEnding(thrown, this.run.cancellation));
      const hasFailed = execution?.hasFailed === true;
      this.#hasFailed ||= hasFailed;
      report.failed(thrown, { aborted: !hasFailed && this.run.cancellation.aborted });
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

  async #runNode(step: NodeStep, turn: SpeakingOrder | undefined): Promise<void> {
    const { places, cancellation } = this.run;
    const place = await places.acquire(cancellation);
    // The workflow may have been stopped while this step waited to be let in.
    if (this.#isOver) {
      place.release();
      return;
    }
    const node = this.path + step.key;
    const work = new NodeWork(this.run, step, turn, place, node, this.workflow.id);
    const report = new StepReport(this.run, node, turn !== undefined);
    const usage = new StepUsage();
    this.run.account(usage);
    const log = this.run.log.step(node);
    report.started(step.nodeKind);
    let isTraced = false;
    try {
      const input = step.input(this);
      ({ isTraced } = this);
      if (isTraced) report.traced(step.key, this.path, input);
      const context = this.#makeContext(step, report, this.#openEvents(node, usage), log);
      this.run.started(step, context);
      if (turn !== undefined) this.#hasVisibleStep = true;
      const output = await work.do(input, context);
      this.outputs.set(step.key, output, step.instance);
      if (isTraced) report.traceEnded({}, output);
      report.finished(output, usage);
    } catch (thrown) {
      if (isTraced) report.traceEnded(makeEnding(thrown, cancellation));
      this.#recover(step, thrown, { report, usage, log, visible: turn !== undefined });
    } finally {
      work.release();
      const { finishReason } = usage;
      if (finishReason !== undefined) {
        this.#reasonsByStep.set(step.key, [finishReason]);
        if (turn !== undefined) this.#finishReasons.push(finishReason);
      }
    }
  }

  /** What becomes of a failure: an honest early end, a substitute output, or the failure of the run. */
  #recover(step: NodeStep, thrown: unknown, { report, usage, log, visible }: StepFacts): void {
    if (this.run.cancellation.aborted) {
      this.run.log.stepAborted(report.node, log.lastCall);
      report.failed(thrown, { aborted: true });
      throw thrown;
    }
    if (visible && isError(thrown) && thrown instanceof IncompleteAnswerError) {
      this.run.brokenOff = true;
      report.finished(undefined, usage);
      return;
    }
    const error = toMillraceError(thrown);
    const call = log.findFailedCall(thrown);
    report.failed(error, { recovered: step.onError !== undefined });
    if (step.onError === undefined) {
      this.run.log.stepFailed(report.node, call);
      throw error;
    }
    this.#logRecovered(log, error, call);
    // Authors are told what their own code has thrown; the mask is for clients.
    const told = error instanceof InternalError ? ensureError(error.cause) : error;
    this.outputs.set(step.key, step.onError(told), step.instance);
  }

  /** The client sees nothing of it, so the log is the one place. */
  #logRecovered(log: StepLog, error: MillraceError, call: CallName | undefined): void {
    const { words, facts } = describeFailure(error);
    const isBug = error instanceof InternalError;
    log.write(
      isBug ? 'error' : 'warn',
      `goes on with the substitute output of a step that failed: ${words}`,
      { ...call, ...facts },
      isBug ? formatStackForLog(error.cause) : undefined,
    );
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

  #makeContext(step: NodeStep, report: StepReport, events: StepEvents, log: StepLog): TaskContext {
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
      onProgress: (message, data) => report.progress(message, data),
    });
  }

  /** Of a workflow that was stopped: what the step that stopped it gave, if its result cannot be had. */
  #findStoppedResult(): unknown {
    const { resultStep, scope } = this.workflow;
    if (resultStep !== undefined && this.outputs.has(resultStep)) return scope.result(this);
    return this.#stoppedBy === undefined ? undefined : this.outputs.get(this.#stoppedBy);
  }
}
