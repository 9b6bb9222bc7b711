import { InternalError, toMillraceError } from '../errors/index.js';
import { assertNever, ensureError, isError, rejectOnAbort } from '../kernel/index.js';
import {
  type CompiledScope,
  type CompiledWorkflow,
  IncompleteOutputError,
  type InterruptStep,
  type NestedStep,
  type NodeStep,
  type RouteStep,
  type RunRequest,
  type Step,
  type StepLogger,
  type Values,
} from '../workflow/index.js';
import { askForAnswer } from './ask-for-answer.js';
import type { Checkpoints, RestoredStep } from './checkpoints.js';
import { FinishReasons } from './finish-reasons.js';
import { logRecovered } from './log-recovered.js';
import { makeTaskContext } from './make-task-context.js';
import { NestedReport } from './nested-report.js';
import { NodeEventSender } from './node-event-sender.js';
import { NodeWork } from './node-work.js';
import { Outputs } from './outputs.js';
import type { OpenWait } from './run-event.js';
import type { SharedRun } from './shared-run.js';
import type { SpeakingOrder } from './speaking-order.js';
import { type KeptByStep, StepKeeper } from './step-keeper.js';
import { StepReport } from './step-report.js';
import { StepUsage } from './step-usage.js';
import { describeEnding } from './failure-ending.js';

/** Where the facts about a running node go. */
interface StepFacts {
  readonly report: StepReport;
  readonly usage: StepUsage;
  readonly log: StepLogger;
  /** Undefined for a silent node. */
  readonly order: SpeakingOrder | undefined;
}

const NO_WAITS: readonly OpenWait[] = [];

/** One execution of a workflow, in a run of its own or as a step of another. */
export class Execution implements Values {
  readonly outputs = new Outputs();
  readonly #metadata = new Map<string, unknown>();
  readonly #reasons = new FinishReasons();
  /** Keys of the nodes that stopped the workflow, in that order; undefined: none did. */
  #stoppers: Set<string> | undefined;
  #hasVisibleStep = false;
  #hasFailed = false;
  #isCut = false;
  #waits: readonly OpenWait[] = NO_WAITS;
  /** Undefined: nothing is stored. */
  readonly #keeper: StepKeeper | undefined;

  /**
   * @param wantsContent whether observers want the inputs and outputs of its steps
   * @param path keys of the enclosing steps, each followed by a slash; empty for the run's own workflow
   */
  constructor(
    readonly workflow: CompiledWorkflow,
    readonly request: RunRequest,
    private readonly run: SharedRun,
    private readonly wantsContent: boolean,
    private readonly path = '',
  ) {
    if (run.checkpoints === undefined) return;
    this.#keeper = new StepKeeper(run.checkpoints, run, path, workflow.id, this.#metadata);
    this.#restoreSteps(run.checkpoints.list(path), this.#keeper);
  }

  /** True if a visible node has run, even one that yielded nothing. */
  get hasVisibleStep(): boolean {
    return this.#hasVisibleStep;
  }

  /** True if the run's failure began in one of its steps. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** True if it has no result, because the output of a visible node of the run broke off. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Its waits, if it was stopped for them. */
  get waits(): readonly OpenWait[] {
    return this.#isCut && !this.run.brokenOff ? this.#waits : NO_WAITS;
  }

  /**
   * Finish reasons of the models behind the client's text: those of the visible nodes, or of the node that gave the
   * result.
   */
  get finishReasons(): FinishReasons['visible'] {
    return this.#hasVisibleStep ? this.#reasons.visible : this.#reasons.find(this.workflow.scope.resultStep);
  }

  get #isOver(): boolean {
    return this.#stoppers !== undefined || this.run.brokenOff;
  }

  /**
   * Runs all steps.
   * @param order the speaking order for its visible nodes; undefined if they must stay silent
   * @returns the workflow's result
   * @throws whatever the first failed step threw
   */
  execute(order: SpeakingOrder | undefined): Promise<unknown> {
    // Not awaited: an async function that waits takes some 300 bytes more of each open run.
    return this.#runScope(this.workflow.scope, order).then((isWhole) => {
      this.#isCut = !isWhole && this.#stoppers === undefined;
      return isWhole ? this.workflow.scope.result(this) : this.#findStoppedResult();
    });
  }

  /**
   * Starts each step once the steps that it depends on have finished. The first failure ends them all.
   * @returns true if all have run to their end; false if the run was over before, so that some did not start
   */
  #runScope(scope: CompiledScope, order: SpeakingOrder | undefined): Promise<boolean> {
    const [first, ...others] = scope.steps;
    // A lone step needs nothing that joins several: that would be a kilobyte of each open run.
    if (first === undefined || others.length > 0) return this.#runSeveral(scope, order);
    return this.#runStep(first, first.visible ? order?.addChild() : undefined, undefined);
  }

  async #runSeveral(scope: CompiledScope, order: SpeakingOrder | undefined): Promise<boolean> {
    const finished = new Map<string, Promise<boolean>>();
    for (const step of scope.steps) {
      const stepOrder = step.visible ? order?.addChild() : undefined;
      const ready =
        step.dependsOn.length === 0 ? undefined : Promise.all(step.dependsOn.flatMap((key) => finished.get(key) ?? []));
      finished.set(step.key, this.#runStep(step, stepOrder, ready));
    }
    const endings = await Promise.allSettled(finished.values());
    if (endings.some(({ status }) => status === 'rejected')) throw this.run.cancellation.reason;
    return endings.every((ending) => ending.status === 'fulfilled' && ending.value);
  }

  /**
   * @returns true if it has run to its end
   * @throws the run's abort reason: the first failure of all steps, which aborts the others
   */
  async #runStep(
    step: Step,
    order: SpeakingOrder | undefined,
    ready: Promise<readonly boolean[]> | undefined,
  ): Promise<boolean> {
    try {
      // Steps that depend on a missing answer wait, too.
      if (ready !== undefined && (await ready).includes(false)) return false;
      if (this.#mustNotStart(step)) return false;
      this.run.cancellation.throwIfAborted();
      return await this.#runKind(step, order);
    } catch (thrown) {
      if (!this.run.cancellation.aborted) {
        this.#hasFailed = true;
        this.run.log.noteFailedStep(this.path + step.key, undefined);
      }
      // After an earlier failure or an abort this does nothing: the first reason stands.
      this.run.cancellation.abort(thrown);
      throw this.run.cancellation.reason;
    } finally {
      order?.close();
    }
  }

  /** True if the run or the workflow is over, unless the step had begun earlier in a process that has ended. */
  #mustNotStart({ key }: Step): boolean {
    return this.#isOver && this.run.checkpoints?.hasBegun(this.path + key) !== true;
  }

  #runKind(step: Step, order: SpeakingOrder | undefined): Promise<boolean> {
    switch (step.kind) {
      case 'node':
        return this.#runNode(step, order);
      case 'route':
        return this.#runRoute(step, order);
      case 'workflow':
        return this.#runNested(step, order);
      case 'interrupt':
        return this.#runInterrupt(step);
      default:
        return assertNever(step);
    }
  }

  /** @returns false if it waits */
  async #runInterrupt(step: InterruptStep): Promise<boolean> {
    const result = await askForAnswer(step, this.path + step.key, this, this.run);
    if ('open' in result) {
      this.#waits = this.#waits.concat(result.open);
      return false;
    }
    this.outputs.set(step.key, result.value);
    return true;
  }

  async #runRoute(step: RouteStep, order: SpeakingOrder | undefined): Promise<boolean> {
    const node = this.path + step.key;
    const branch = String(step.decide(this));
    const scope = step.branches.get(branch);
    if (scope === undefined) {
      throw new Error(`The route "${step.key}" of the workflow "${this.workflow.id}" has no branch for its value`);
    }
    if (this.run.checkpoints?.findBranch(node) !== branch) this.run.emit({ type: 'route-taken', node, branch });
    if (!(await this.#runScope(scope, order))) return false;
    this.outputs.set(step.key, scope.result(this));
    this.#reasons.note(step.key, this.#reasons.find(scope.resultStep), false);
    return true;
  }

  async #runNested(step: NestedStep, order: SpeakingOrder | undefined): Promise<boolean> {
    const report = new NestedReport(this.run, step, this.path, order !== undefined);
    let execution: Execution | undefined;
    try {
      const request = step.request(this);
      const wantsContent = report.tellRequest(request, this.wantsContent);
      execution = new Execution(step.workflow, request, this.run, wantsContent, `${report.node}/`);
      const output = await execution.execute(order);
      if (!execution.isCut) this.outputs.set(step.key, output);
      report.tellEnd(output, execution.waits.length > 0);
      return !execution.isCut;
    } catch (thrown) {
      const hasFailed = execution?.hasFailed === true;
      this.#hasFailed ||= hasFailed;
      report.tellFailure(thrown, hasFailed);
      throw thrown;
    } finally {
      if (execution !== undefined) this.#takeOver(execution, step.key);
    }
  }

  /** Adds the finish reasons of a nested workflow to those of this one. */
  #takeOver(execution: Execution, key: string): void {
    if (execution.waits.length > 0) this.#waits = this.#waits.concat(execution.waits);
    this.#hasVisibleStep ||= execution.hasVisibleStep;
    this.#reasons.note(key, execution.finishReasons, execution.hasVisibleStep);
  }

  async #runNode(step: NodeStep, order: SpeakingOrder | undefined): Promise<boolean> {
    const { checkpoints, places, cancellation } = this.run;
    const node = this.path + step.key;
    const kept = checkpoints?.find(node);
    if (checkpoints !== undefined && kept !== undefined) return this.#skip(kept, order, checkpoints);
    const place = await places.acquire(cancellation);
    // The workflow may have been stopped while this step waited for its place.
    if (this.#mustNotStart(step)) {
      place.release();
      return false;
    }
    const work = new NodeWork(this.run, step, order, place, node, this.workflow.id);
    const report = new StepReport(this.run, node, order !== undefined);
    const usage = new StepUsage();
    this.run.addUsage(usage);
    const log = this.run.log.step(node);
    report.tellStart(step.nodeKind);
    let wantsContent = false;
    try {
      // A process that continues the run must know that the step had begun.
      if (step.runsOnce && checkpoints !== undefined) await rejectOnAbort(checkpoints.beginOnce(node), cancellation);
      const input = step.input(this);
      ({ wantsContent } = this);
      if (wantsContent) report.tellEntry(step.key, this.path, input);
      const sources = checkpoints && new WeakMap<object, string>();
      const events = new NodeEventSender(this.run, node, usage, this.wantsContent, sources);
      const onStop = (): void => this.#stop(step.key);
      const context = makeTaskContext(this.run, this, { metadata: this.#metadata, events, log, report, onStop });
      this.run.addStarted(step, context);
      if (order !== undefined) this.#hasVisibleStep = true;
      const output = await work.do(input, context);
      const source = typeof output === 'object' && output !== null ? sources?.get(output) : undefined;
      const kept = this.#keeper && (await this.#keeper.prepare(step, output, source));
      this.outputs.set(step.key, output, step.instance);
      if (wantsContent) report.tellExit({}, output);
      if (kept !== undefined) this.#keeper?.keep(step, kept, { usage, order, hasStopped: this.#hasStopped(step) });
      report.tellFinish(output, usage);
      return true;
    } catch (thrown) {
      if (wantsContent) report.tellExit(describeEnding(thrown, cancellation));
      return await this.#recover(step, thrown, { report, usage, log, order });
    } finally {
      work.release();
      if (usage.finishReason !== undefined) this.#reasons.note(step.key, [usage.finishReason], order !== undefined);
    }
  }

  /**
   * Handles a failed node: the run ends early without an error, continues with the substitute output, or fails.
   * @returns true if the run continues
   */
  async #recover(step: NodeStep, thrown: unknown, { report, usage, log, order }: StepFacts): Promise<boolean> {
    if (this.run.cancellation.aborted) throw this.#tellAborted(thrown, report, log);
    if (order !== undefined && isError(thrown) && thrown instanceof IncompleteOutputError) {
      this.run.brokenOff = true;
      const hasStopped = this.#hasStopped(step);
      this.#keeper?.keep(step, { output: {} }, { usage, order, hasStopped, isBrokenOff: true });
      report.tellFinish(undefined, usage);
      return false;
    }
    const error = toMillraceError(thrown);
    const call = log.findFailedCall(thrown);
    if (step.onError === undefined) {
      report.tellFailure(error, {});
      this.run.log.noteFailedStep(report.node, call);
      throw error;
    }
    // Authors see their own error; only clients get the masked one.
    const told = error instanceof InternalError ? ensureError(error.cause) : error;
    let kept: KeptByStep | undefined;
    try {
      const output = step.onError(told);
      kept = this.#keeper && (await this.#keeper.prepare(step, output));
      this.outputs.set(step.key, output, step.instance);
    } catch (fault) {
      if (this.run.cancellation.aborted) throw this.#tellAborted(fault, report, log);
      report.tellFailure(fault, {});
      throw fault;
    }
    if (kept !== undefined) this.#keeper?.keep(step, kept, { usage, order, hasStopped: this.#hasStopped(step) });
    report.tellFailure(error, { recovered: true });
    logRecovered(log, error, call);
    return true;
  }

  /** @returns what was thrown */
  #tellAborted(thrown: unknown, report: StepReport, log: StepLogger): unknown {
    this.run.log.noteAbortedStep(report.node, log.lastCall);
    report.tellFailure(thrown, { aborted: true });
    return thrown;
  }

  /**
   * Takes over the outputs that the nodes of this workflow had before the run was resumed, and whether one of them
   * stopped it.
   */
  #restoreSteps(kept: readonly RestoredStep[], keeper: StepKeeper): void {
    for (const { step, output, checkpoint } of kept) {
      const { brokenOff, metadata, stopped } = checkpoint;
      if (brokenOff !== true) this.outputs.set(step.key, output, step.instance);
      if (stopped === true) this.#stop(step.key);
      if (metadata !== undefined) keeper.restoreMetadata(metadata);
    }
  }

  /**
   * A node that had finished before the run was resumed.
   * @returns true if it had run to its end
   */
  #skip(kept: RestoredStep, order: SpeakingOrder | undefined, checkpoints: Checkpoints): boolean {
    const { step, checkpoint } = kept;
    const { finishReason } = checkpoint;
    if (finishReason !== undefined) this.#reasons.note(step.key, [finishReason], order !== undefined);
    if (order !== undefined) {
      this.#hasVisibleStep = true;
      checkpoints.sayUnsaid(kept, order);
    }
    return checkpoint.brokenOff !== true;
  }

  #stop(key: string): void {
    // The last one counts for the result.
    this.#stoppers?.delete(key);
    (this.#stoppers ??= new Set()).add(key);
  }

  #hasStopped({ key }: Step): boolean {
    return this.#stoppers?.has(key) === true;
  }

  /**
   * The result of a stopped workflow: its own if that step has finished, otherwise the output of the step that stopped it.
   */
  #findStoppedResult(): unknown {
    const { resultStep, scope } = this.workflow;
    if (resultStep !== undefined && this.outputs.has(resultStep)) return scope.result(this);
    const last = [...(this.#stoppers ?? [])].at(-1);
    return last === undefined ? undefined : this.outputs.get(last);
  }
}
