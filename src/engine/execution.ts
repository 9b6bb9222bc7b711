import { InternalError, formatStackForLog, type MillraceError, toMillraceError } from '../errors/index.js';
import { assertNever, ensureError, isError } from '../kernel/index.js';
import type { FinishReason } from '../models/index.js';
import {
  type AgentEvent,
  type CallName,
  type CompiledScope,
  type CompiledWorkflow,
  describeFailure,
  IncompleteOutputError,
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
import { makeTraceEnding } from './trace-ending.js';

/** Where the facts about a running node go. */
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
  /** Finish reasons of the visible nodes. */
  readonly #finishReasons: FinishReason[] = [];
  /** For each step, by key: why the models behind its output stopped. */
  readonly #reasonsByStep = new Map<string, readonly FinishReason[]>();
  #stopped = false;
  /** Key of the node that stopped the workflow. */
  #stoppedBy: string | undefined;
  #hasVisibleStep = false;
  #hasFailed = false;

  /**
   * @param isTraced whether a trace of it is kept
   * @param path keys of the enclosing steps, each followed by a slash; empty for the run's own workflow
   */
  constructor(
    readonly workflow: CompiledWorkflow,
    readonly request: RunRequest,
    private readonly run: SharedRun,
    private readonly isTraced: boolean,
    private readonly path = '',
  ) {}

  /** True if a visible node has run, even one that yielded nothing. */
  get hasVisibleStep(): boolean {
    return this.#hasVisibleStep;
  }

  /** True if the run's failure began in one of its steps. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Why the models behind the client's text stopped: those of the visible nodes, or the one that gave the result. */
  get finishReasons(): readonly FinishReason[] {
    if (this.#hasVisibleStep) return this.#finishReasons;
    const { resultStep } = this.workflow.scope;
    return (resultStep === undefined ? undefined : this.#reasonsByStep.get(resultStep)) ?? [];
  }

  get #isOver(): boolean {
    return this.#stopped || this.run.brokenOff;
  }

  /**
   * Runs all steps.
   * @param order where its visible nodes speak; undefined if they must stay silent
   * @returns the workflow's result
   * @throws whatever the first failed step threw
   */
  async execute(order: SpeakingOrder | undefined): Promise<unknown> {
    await this.#runScope(this.workflow.scope, order);
    return this.#isOver ? this.#findStoppedResult() : this.workflow.scope.result(this);
  }

  /** Starts each step once the steps that it depends on have finished. The first failure ends them all. */
  async #runScope(scope: CompiledScope, order: SpeakingOrder | undefined): Promise<void> {
    const finished = new Map<string, Promise<void>>();
    for (const step of scope.steps) {
      const stepOrder = step.visible ? order?.child() : undefined;
      const ready =
        step.dependsOn.length === 0 ? undefined : Promise.all(step.dependsOn.flatMap((key) => finished.get(key) ?? []));
      finished.set(step.key, this.#runStep(step, stepOrder, ready));
    }
    const failures = (await Promise.allSettled(finished.values())).filter(({ status }) => status === 'rejected');
    // All of them fail for the same reason: the first failure aborts the others with its own error.
    if (failures.length > 0) throw this.run.cancellation.reason;
  }

  async #runStep(step: Step, order: SpeakingOrder | undefined, ready: Promise<unknown> | undefined): Promise<void> {
    try {
      await ready;
      if (this.#isOver) return;
      this.run.cancellation.throwIfAborted();
      await this.#runKind(step, order);
    } catch (thrown) {
      if (!this.run.cancellation.aborted) {
        this.#hasFailed = true;
        this.run.log.noteFailedStep(this.path + step.key, undefined);
      }
      // After an earlier failure or an abort this does nothing: the first reason stands.
      this.run.cancellation.abort(thrown);
      throw thrown;
    } finally {
      order?.close();
    }
  }

  #runKind(step: Step, order: SpeakingOrder | undefined): Promise<void> {
    switch (step.kind) {
      case 'node':
        return this.#runNode(step, order);
      case 'route':
        return this.#runRoute(step, order);
      case 'workflow':
        return this.#runNested(step, order);
      default:
        return assertNever(step);
    }
  }

  async #runRoute(step: RouteStep, order: SpeakingOrder | undefined): Promise<void> {
    const branch = String(step.decide(this));
    const scope = step.branches.get(branch);
    if (scope === undefined) {
      throw new Error(`The route "${step.key}" of the workflow "${this.workflow.id}" has no branch for its value`);
    }
    this.run.emit({ type: 'route-taken', node: this.path + step.key, branch });
    await this.#runScope(scope, order);
    if (this.#isOver) return;
    this.outputs.set(step.key, scope.result(this));
    const reasons = scope.resultStep === undefined ? undefined : this.#reasonsByStep.get(scope.resultStep);
    if (reasons !== undefined) this.#reasonsByStep.set(step.key, reasons);
  }

  async #runNested(step: NestedStep, order: SpeakingOrder | undefined): Promise<void> {
    const report = new StepReport(this.run, this.path + step.key, order !== undefined);
    report.tellStart('workflow');
    let isTraced = false;
    let execution: Execution | undefined;
    try {
      const request = step.request(this);
      isTraced = this.isTraced && step.workflow.traced;
      if (isTraced) report.tellTraceStart(step.key, this.path, request.messages, step.workflow.id);
      execution = new Execution(step.workflow, request, this.run, isTraced, `${report.node}/`);
      const output = await execution.execute(order);
      this.outputs.set(step.key, output);
      if (isTraced) report.tellTraceEnd({}, output);
      report.tellFinish(output);
    } catch (thrown) {
      if (isTraced) report.tellTraceEnd(makeTraceEnding(thrown, this.run.cancellation));
      const hasFailed = execution?.hasFailed === true;
      this.#hasFailed ||= hasFailed;
      report.tellFailure(thrown, { aborted: !hasFailed && this.run.cancellation.aborted });
      throw thrown;
    } finally {
      if (execution !== undefined) this.#takeOver(execution, step.key);
    }
  }

  /** Adds the finish reasons of a nested workflow to those of this one. */
  #takeOver(execution: Execution, key: string): void {
    this.#hasVisibleStep ||= execution.hasVisibleStep;
    this.#reasonsByStep.set(key, execution.finishReasons);
    if (execution.hasVisibleStep) this.#finishReasons.push(...execution.finishReasons);
  }

  async #runNode(step: NodeStep, order: SpeakingOrder | undefined): Promise<void> {
    const { places, cancellation } = this.run;
    const place = await places.acquire(cancellation);
    // The workflow may have been stopped while this step waited for its place.
    if (this.#isOver) {
      place.release();
      return;
    }
    const node = this.path + step.key;
    const work = new NodeWork(this.run, step, order, place, node, this.workflow.id);
    const report = new StepReport(this.run, node, order !== undefined);
    const usage = new StepUsage();
    this.run.addUsage(usage);
    const log = this.run.log.step(node);
    report.tellStart(step.nodeKind);
    let isTraced = false;
    try {
      const input = step.input(this);
      ({ isTraced } = this);
      if (isTraced) report.tellTraceStart(step.key, this.path, input);
      const context = this.#makeContext(step, report, this.#openEvents(node, usage), log);
      this.run.addStarted(step, context);
      if (order !== undefined) this.#hasVisibleStep = true;
      const output = await work.do(input, context);
      this.outputs.set(step.key, output, step.instance);
      if (isTraced) report.tellTraceEnd({}, output);
      report.tellFinish(output, usage);
    } catch (thrown) {
      if (isTraced) report.tellTraceEnd(makeTraceEnding(thrown, cancellation));
      this.#recover(step, thrown, { report, usage, log, visible: order !== undefined });
    } finally {
      work.release();
      const { finishReason } = usage;
      if (finishReason !== undefined) {
        this.#reasonsByStep.set(step.key, [finishReason]);
        if (order !== undefined) this.#finishReasons.push(finishReason);
      }
    }
  }

  /** Handles a failed node: the run ends early without an error, goes on with the substitute output, or fails. */
  #recover(step: NodeStep, thrown: unknown, { report, usage, log, visible }: StepFacts): void {
    if (this.run.cancellation.aborted) {
      this.run.log.noteAbortedStep(report.node, log.lastCall);
      report.tellFailure(thrown, { aborted: true });
      throw thrown;
    }
    if (visible && isError(thrown) && thrown instanceof IncompleteOutputError) {
      this.run.brokenOff = true;
      report.tellFinish(undefined, usage);
      return;
    }
    const error = toMillraceError(thrown);
    const call = log.findFailedCall(thrown);
    report.tellFailure(error, { recovered: step.onError !== undefined });
    if (step.onError === undefined) {
      this.run.log.noteFailedStep(report.node, call);
      throw error;
    }
    this.#logRecovered(log, error, call);
    // Authors are told what their own code has thrown; the mask is for clients.
    const told = error instanceof InternalError ? ensureError(error.cause) : error;
    this.outputs.set(step.key, step.onError(told), step.instance);
  }

  /** The client never sees this failure, so the log is the only place where it shows. */
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

  /** Sends a node's events to its usage and to the observers, and the identity of its model to the run's reader as well. */
  #openEvents(node: string, usage: StepUsage): StepEvents {
    let last = 0;
    return {
      isTraced: this.isTraced,
      nextNumber: () => ++last,
      emit: (event) => {
        usage.take(event);
        // Each event object was made for this call, so it can be changed in place.
        const placed = event as AgentEvent & { node: string };
        placed.node = node;
        if (placed.type === 'model-identified') this.run.emit(placed);
        else this.run.observe(placed);
      },
    };
  }

  #makeContext(step: NodeStep, report: StepReport, events: StepEvents, log: StepLog): TaskContext {
    const { cancellation, clock, canWait, estimatesTokens } = this.run;
    return TaskContext.makeWithin(cancellation, {
      request: this.request,
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
      onProgress: (message, data) => report.tellProgress(message, data),
    });
  }

  /**
   * The result of a stopped workflow: its own if that step has finished, otherwise the output of the step that stopped it.
   */
  #findStoppedResult(): unknown {
    const { resultStep, scope } = this.workflow;
    if (resultStep !== undefined && this.outputs.has(resultStep)) return scope.result(this);
    return this.#stoppedBy === undefined ? undefined : this.outputs.get(this.#stoppedBy);
  }
}
