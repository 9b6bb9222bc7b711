import { toMillraceError, toRunError } from '../errors/index.js';
import { toJsonValue } from '../kernel/index.js';
import type { FinishReason, Usage } from '../models/index.js';
import { MOST_CONTENT_BYTES, type StepKind } from '../workflow/index.js';
import type { SharedRun } from './shared-run.js';
import type { EndingFacts } from './failure-ending.js';

/** The end of a step that calls models. */
interface StepEnding {
  readonly usage?: Usage | undefined;
  readonly finishReason?: FinishReason | undefined;
}

/** How a step failed. */
interface StepFailure {
  /** True if the step was aborted because the run fails for another reason. */
  readonly aborted?: boolean;
  /** True if the run continues with a substitute output. */
  readonly recovered?: boolean;
}

/** Emits the events of one step to the readers and observers of a run. */
export class StepReport {
  readonly #run: SharedRun;
  readonly #startedAt: number;
  readonly #visible: boolean;

  /** @param node the step's key, preceded by those of the enclosing steps */
  constructor(
    run: SharedRun,
    readonly node: string,
    visible: boolean,
  ) {
    this.#run = run;
    this.#visible = visible;
    this.#startedAt = run.clock.monotonic();
  }

  tellStart(kind: StepKind): void {
    this.#run.emit({ type: 'node-started', node: this.node, kind, visible: this.#visible });
  }

  tellProgress(message: string, data: unknown): void {
    const shown = this.#run.readersWantContent() ? toJsonValue(data, MOST_CONTENT_BYTES) : undefined;
    this.#run.emit({ type: 'node-progress', node: this.node, message, ...(shown !== undefined && { data: shown }) });
  }

  tellFinish(output: unknown, { usage, finishReason }: StepEnding = {}): void {
    const shown = this.#run.readersWantContent() ? toJsonValue(output, MOST_CONTENT_BYTES) : undefined;
    this.#run.emit({
      type: 'node-finished',
      node: this.node,
      visible: this.#visible,
      elapsedMs: this.#elapsedMs,
      ...(shown !== undefined && { output: shown }),
      ...(usage !== undefined && { usage }),
      ...(finishReason !== undefined && { finishReason }),
    });
  }

  tellFailure(thrown: unknown, { aborted = false, recovered = false }: StepFailure): void {
    const error = toRunError(toMillraceError(thrown));
    const { node } = this;
    this.#run.emit({ type: 'node-failed', node, elapsedMs: this.#elapsedMs, error, recovered, aborted });
  }

  /**
   * Tells observers that the step has its input.
   * @param name the step's own key
   * @param path keys of the enclosing steps, each followed by a slash
   * @param workflow id of the nested workflow that the step is; absent for a node
   */
  tellEntry(name: string, path: string, input: unknown, workflow?: string): void {
    const within = path === '' ? {} : { within: path.slice(0, -1) };
    const nested = workflow === undefined ? {} : { workflow };
    this.#run.observe({ type: 'step-entered', node: this.node, name, ...within, ...nested }, { input });
  }

  /** Tells observers that the step has ended its work. */
  tellExit(ending: EndingFacts, output?: unknown): void {
    this.#run.observe({ type: 'step-left', node: this.node, ...ending }, { output });
  }

  get #elapsedMs(): number {
    return this.#run.clock.monotonic() - this.#startedAt;
  }
}
