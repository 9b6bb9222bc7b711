import type { NestedStep, RunRequest } from '../workflow/index.js';
import type { SharedRun } from './shared-run.js';
import { StepReport } from './step-report.js';
import { describeEnding } from './failure-ending.js';

/**
 * Reports a nested workflow. If it had finished before the run was resumed, this only restores the outputs of its steps
 * and reports nothing.
 */
export class NestedReport {
  readonly #run: SharedRun;
  readonly #step: NestedStep;
  readonly #path: string;
  readonly #report: StepReport;
  readonly #isNews: boolean;
  #wantsContent = false;

  /** @param path keys of the enclosing steps, each followed by a slash */
  constructor(run: SharedRun, step: NestedStep, path: string, visible: boolean) {
    this.#run = run;
    this.#step = step;
    this.#path = path;
    this.#report = new StepReport(run, path + step.key, visible);
    this.#isNews = run.checkpoints?.hasEnded(this.node) !== true;
    if (this.#isNews && run.checkpoints?.isAtWork(this.node) !== true) this.#report.tellStart('workflow');
  }

  /** The step's key, preceded by those of the enclosing steps. */
  get node(): string {
    return this.#report.node;
  }

  /**
   * @param wantsContent whether observers want the content of the enclosing workflow
   * @returns whether they want that of this workflow
   */
  tellRequest({ messages }: RunRequest, wantsContent: boolean): boolean {
    const { key, workflow } = this.#step;
    this.#wantsContent = this.#isNews && wantsContent && workflow.traced;
    if (this.#wantsContent) this.#report.tellEntry(key, this.#path, messages, workflow.id);
    return this.#wantsContent;
  }

  /** @param isWaiting true if it waits for an answer, which is not its end */
  tellEnd(output: unknown, isWaiting: boolean): void {
    if (this.#wantsContent) this.#report.tellExit({}, output);
    if (this.#isNews && !isWaiting) this.#report.tellFinish(output);
  }

  /** @param hasFailed true if the run's failure began in one of its steps */
  tellFailure(thrown: unknown, hasFailed: boolean): void {
    const { cancellation } = this.#run;
    if (this.#wantsContent) this.#report.tellExit(describeEnding(thrown, cancellation));
    if (this.#isNews) this.#report.tellFailure(thrown, { aborted: !hasFailed && cancellation.aborted });
  }
}
