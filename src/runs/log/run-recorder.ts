import type { RunEvent, RunFailed, RunFinished } from '../../engine/index.js';
import { readOutcome, RunOutputTooLargeError } from '../../errors/index.js';
import { Cancellation } from '../../kernel/index.js';
import { isLastEvent, type LastEvent } from '../last-event.js';
import type { ReadFailure, RunReader } from '../run-events.js';
import type { LoggedEnding } from '../store/logged-run.js';
import { makeLoggedEvent } from './logged-event.js';
import type { OpenLog } from './open-log.js';
import { SaidOutput } from './said-output.js';

/** Most characters of a run's output that are stored beside its log, for longer. */
const LONGEST_OUTPUT = 64 * 1024;

/** Writes what happens in a run into its log. */
export class RunRecorder implements RunReader {
  readonly fault = new Cancellation();
  /** The output of the run, including events written by other processes. */
  readonly said = new SaidOutput(LONGEST_OUTPUT);
  readonly #log: OpenLog;
  readonly #longest: number;
  readonly #graph: string;
  /** Aborted steps. Only the run's last event shows whether they have really ended. */
  readonly #aborted: Exclude<RunEvent, RunFailed>[] = [];
  #last: LastEvent | undefined;

  /**
   * @param wantsContent true if clients may see what happens in the workflow
   * @param longest most characters of the log. A run with more fails: a log never loses its beginning
   * @param graph hash of the workflow that executes
   */
  constructor(
    log: OpenLog,
    readonly wantsContent: boolean,
    longest: number,
    graph: string,
  ) {
    this.#log = log;
    this.#longest = longest;
    this.#graph = graph;
  }

  /** The run's last event, not yet in the log. A reader that sees it must find everything else stored. */
  get last(): LastEvent | undefined {
    return this.#last;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    this.said.add(event);
    if (event.type === 'node-failed' && event.aborted) {
      this.#aborted.push(event);
      return;
    }
    this.#writeAborted();
    if (isLastEvent(event)) this.#last = event.type === 'run-finished' ? this.#showResult(event) : event;
    else this.#write(event);
  }

  failed({ error, thrown, event }: ReadFailure): void {
    this.#last = event ?? { type: 'run-failed', seq: 0, error, outcome: readOutcome(thrown) };
    if (!isReleased(this.#last)) this.#writeAborted();
  }

  /** Leaves the result out unless clients have read it as text. A plain text is already there as output. */
  #showResult(event: RunFinished): RunFinished {
    const { result, ...rest } = event;
    return result === undefined || typeof result === 'string' || !this.said.hasSaid(result) ? rest : event;
  }

  #writeAborted(): void {
    for (const event of this.#aborted.splice(0)) this.#write(event);
  }

  #write(event: Exclude<RunEvent, RunFailed>): void {
    const logged = makeLoggedEvent(event, this.#log.now());
    const begins = event.type === 'run-started' || event.type === 'run-resumed';
    this.#log.write(begins ? { ...logged, graph: this.#graph } : logged);
    if (this.#log.writtenLength > this.#longest) this.fault.abort(new RunOutputTooLargeError(this.#longest));
  }
}

/** True if this is not the end of the run: its process is stopping, and another one continues it. */
export function isReleased(last: RunEvent): boolean {
  return last.type === 'run-failed' && last.outcome === 'shutdown';
}

/**
 * How a run has ended, according to its last event.
 * @param finishedAt in milliseconds since the Unix epoch
 * @param output the run's output, if known
 */
export function readEnding(last: RunFinished | RunFailed, finishedAt: number, output?: string): LoggedEnding {
  if (last.type === 'run-failed') {
    const { error, node, usage, isUsageIncomplete } = last;
    const status = last.outcome === 'cancelled' ? 'cancelled' : 'failed';
    return { status, finishedAt, error, node, usage, isUsageIncomplete };
  }
  const { finishReason, usage, isUsageIncomplete, result } = last;
  return { status: 'completed', finishedAt, finishReason, usage, isUsageIncomplete, output, result };
}
