import { Injectable, Logger } from '@nestjs/common';
import { ABORTED_RUNS_LIMIT_MS, AppConfig } from '../config/index.js';
import { Run, type RunEvent } from '../engine/index.js';
import { type AbortCause, loggableStack, OverloadedError, RunAbortedError, toMillraceError } from '../errors/index.js';
import {
  type AbortNotice,
  assertNever,
  Cancellation,
  Clock,
  ensureError,
  holdProcess,
  IdSource,
  isError,
  settleInTime,
} from '../kernel/index.js';
import { Metrics, type RunMeter } from '../metrics/index.js';
import { Gate } from '../streaming/index.js';
import { NOOP_TRACE, Tracer } from '../tracing/index.js';
import { type ChatEvent, type CompiledWorkflow, RunLog } from '../workflow/index.js';
import { RunEvents } from './run-events.js';
import { collectOutcome, type RunOutcome } from './run-to-end.js';
import { type RunOrigin, traceStartOf } from './trace-start.js';

/** What a run is tied to. */
export interface RunOptions {
  /** The run's id, for logs and traces. */
  readonly id: string;
  /** Closed by the reader while it cannot keep up; the run then asks for nothing more. Absent: always open. */
  readonly gate?: Gate;
  /** Ends the run when it aborts. */
  readonly signal?: AbortNotice;
  /**
   * For how long from its start, in milliseconds, the run's reader would rather hear of a passing failure than wait for another
   * try, as long as nothing was said: while an HTTP client waits for its status line, it can be given a status and
   * `retry-after`, and its SDK tries again by itself; later there is only an error in its stream. So until then a retry is made
   * only if its pause ends in this time. Absent: retries are waited for, within their own limits.
   */
  readonly failFastMs?: number;
  /** The request behind the run, for its trace. */
  readonly origin?: RunOrigin;
  /** True: tokens that upstreams do not tell are estimated, for limits. */
  readonly estimatesTokens?: boolean;
}

/** How long a client is asked to wait before it tries another replica, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Runs workflows, keeps the time of each run, and knows which are open. */
@Injectable()
export class RunService {
  readonly #logger = new Logger('Run');
  /** Runs that have started and not ended, with what the log calls them. */
  readonly #open = new Map<Cancellation, string>();
  /** What ended runs before their end, with what the log calls them. */
  readonly #reasons = new WeakMap<object, string>();
  /** Of requests that were taken and have not begun their run. */
  readonly #waiting = new Set<Cancellation>();
  #draining = false;
  /** While runs are open: a run that waits for a timer is no reason for Node to stay. */
  #letGo: (() => void) | undefined;
  #onIdle: (() => void) | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly tracer: Tracer,
    private readonly metrics: Metrics,
  ) {}

  /** True from the beginning of the shutdown on: no run is started any more. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Number of runs that have started and not ended. */
  get openRuns(): number {
    return this.#open.size;
  }

  /** What the log calls the runs that have started and not ended: workflow and id. */
  get namesOfOpenRuns(): readonly string[] {
    return [...this.#open.values()];
  }

  /**
   * What the log calls the run that was aborted with this, or with what this was caused by. A promise that an author's code
   * does not wait for is rejected with it if it listens to the run's signal.
   */
  runAbortedBy(thrown: unknown): string | undefined {
    if (typeof thrown !== 'object' || thrown === null) return undefined;
    const name = this.#reasons.get(thrown);
    if (name !== undefined || !isError(thrown)) return name;
    // Node's own functions reject with an AbortError that the reason is the cause of.
    const { cause } = ensureError(thrown);
    return typeof cause === 'object' && cause !== null ? this.#reasons.get(cause) : undefined;
  }

  /**
   * Prepares a run, which starts when its events are read or subscribed to, and once for each time. The Observable
   * completes after the run's last event and never errors; unsubscribing before ends the run.
   * @throws OverloadedError while the server is shutting down
   */
  start(workflow: CompiledWorkflow, event: ChatEvent, options: RunOptions): RunEvents {
    if (this.#draining) throw shuttingDown();
    return new RunEvents((subscriber, reading) => {
      const { fault } = reading;
      const isTraced = this.tracer.enabled && workflow.traced;
      const trace = isTraced
        ? this.tracer.startTrace(traceStartOf(workflow, event, options.id, options.origin))
        : NOOP_TRACE;
      const log = new RunLog({
        workflow: workflow.id,
        completion_id: options.id,
        request_id: options.origin?.requestId,
        trace_id: trace.id,
      });
      const { name } = log;
      const cancellation = new Cancellation((error) => {
        log.write('error', 'has a listener of its abort signal that failed', {}, loggableStack(error));
      });
      cancellation.addEventListener('abort', () => this.#keepReason(cancellation.reason, name));
      let hasEnded = false;
      const abort = (cause: AbortCause): void => cancellation.abort(new RunAbortedError(cause));
      const onSignal = (): void => abort('client_disconnected');
      const deadline = this.clock.after(this.config.run.timeoutMs, () => abort('deadline'));
      if (options.signal?.aborted === true) onSignal();
      options.signal?.addEventListener('abort', onSignal, { once: true });
      fault.addEventListener('abort', () => {
        // A run that has its end already cannot tell of the fault any more.
        if (hasEnded || cancellation.aborted) log.runFailed(toMillraceError(fault.reason));
        else cancellation.abort(fault.reason);
      });
      this.#open.set(cancellation, name);
      this.#letGo ??= holdProcess();
      const meter = this.metrics.run(workflow.id);

      const run = new Run({
        workflow,
        event,
        cancellation,
        gate: options.gate ?? new Gate(),
        clock: this.clock,
        ids: this.ids,
        failFastMs: options.failFastMs,
        meter,
        log,
        trace,
        keepAnswer: isTraced,
        maxAnswerLength: this.config.run.maxAnswerLength,
        estimatesTokens: options.estimatesTokens === true,
        wantsContent: reading.wantsContent,
        emit: (runEvent, end) => {
          // A node that an abort did not stop may go on to tell of itself.
          if (hasEnded) return;
          if (runEvent.type !== 'delta') {
            hasEnded = end !== undefined;
            if (end !== undefined) reading.end = end;
            this.#observe(runEvent, meter, log);
          }
          subscriber.next(runEvent);
          // What is left is to clean up, which the reader need not wait for.
          if (hasEnded) {
            deadline.cancel();
            subscriber.complete();
          }
        },
      });
      void run.execute().finally(() => {
        options.signal?.removeEventListener('abort', onSignal);
        this.#open.delete(cancellation);
        if (this.#open.size > 0) return;
        this.#letGo?.();
        this.#letGo = undefined;
        this.#onIdle?.();
      });
      return () => {
        if (!hasEnded) abort('client_disconnected');
      };
    });
  }

  /**
   * Ends the wait of a request that is to begin a run, for its body or its turn, when the server stops taking runs: aborts it
   * with an OverloadedError.
   * @returns to be called when the wait is over, in whatever way
   * @throws OverloadedError while the server is shutting down
   */
  whileWaiting(wait: Cancellation): () => void {
    if (this.#draining) throw shuttingDown();
    this.#waiting.add(wait);
    return () => this.#waiting.delete(wait);
  }

  /**
   * Runs a workflow and collects what it gives: for jobs, scripts and everything else that is no HTTP request.
   * @throws MillraceError that the run ended with; OverloadedError while the server is shutting down
   */
  async runToEnd(workflow: CompiledWorkflow, event: ChatEvent, options: RunOptions): Promise<RunOutcome> {
    return collectOutcome(this.start(workflow, event, options));
  }

  /**
   * Takes no more runs and lets the open ones go on for `graceMs` milliseconds; those that are not done by then are
   * aborted. Resolves when none is open, and {@link ABORTED_RUNS_LIMIT_MS} after that whatever is.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    for (const wait of this.#waiting) wait.abort(shuttingDown());
    if (this.#open.size === 0) return;
    this.#logger.log(`Shutting down: waiting up to ${graceMs} ms for ${this.#open.size} open runs`);
    const limit = this.clock.after(graceMs, () => {
      for (const run of this.#open.keys()) run.abort(new RunAbortedError('shutdown'));
    });
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await settleInTime(idle, this.clock, graceMs + ABORTED_RUNS_LIMIT_MS, () => {
      this.#logger.error(`Not waiting any more for runs that do not end: ${this.namesOfOpenRuns.join(', ')}`);
    });
    limit.cancel();
  }

  #keepReason(reason: unknown, name: string): void {
    if (typeof reason === 'object' && reason !== null) this.#reasons.set(reason, name);
  }

  /** Whatever becomes of log and metrics, the reader has its events. */
  #observe(event: RunEvent, meter: RunMeter, log: RunLog): void {
    try {
      measure(event, meter);
    } catch (thrown) {
      // Later, because it may be the log that fails.
      process.nextTick(() => {
        log.write('error', 'did what could not be measured', {}, loggableStack(thrown));
      });
    }
  }
}

function shuttingDown(): OverloadedError {
  return new OverloadedError('The server is shutting down. Send the request again; another instance will take it.', {
    code: 'server_shutting_down',
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** Tells the metrics what has happened. */
function measure(event: RunEvent, meter: RunMeter): void {
  switch (event.type) {
    case 'node-started':
      meter.nodeStarted(event.node);
      break;
    case 'node-finished':
      meter.nodeEnded(event.node, 'ok', event.elapsedMs);
      break;
    case 'node-failed':
      // What was aborted is measured with the end of the run.
      if (event.aborted) break;
      meter.nodeEnded(event.node, event.recovered ? 'recovered' : 'error', event.elapsedMs);
      break;
    case 'run-finished':
      meter.ended(event.finishReason);
      break;
    case 'run-failed':
      meter.ended(event.outcome);
      break;
    case 'run-started':
    case 'node-progress':
    case 'route-taken':
    case 'model-identified':
    case 'delta':
      break;
    default:
      assertNever(event);
  }
}
