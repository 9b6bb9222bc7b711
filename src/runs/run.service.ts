import { Injectable, Logger } from '@nestjs/common';
import type { Subscriber } from 'rxjs';
import { ABORTED_RUNS_LIMIT_MS, AppConfig } from '../config/index.js';
import { Run, type RunEvent } from '../engine/index.js';
import { OverloadedError } from '../errors/index.js';
import {
  type Cancellation,
  Clock,
  ensureError,
  holdProcess,
  IdSource,
  isError,
  settleInTime,
} from '../kernel/index.js';
import { Gate } from '../streaming/index.js';
import { Tracer } from '../tracing/index.js';
import { type RunRequest, type CompiledWorkflow, RunLog } from '../workflow/index.js';
import type { ObservedRun } from './observers/run-observer.js';
import { RunObservers } from './observers/run-observers.js';
import { OpenRun } from './open-run.js';
import { type Reading, RunEvents } from './run-events.js';
import type { RunOptions } from './run-options.js';
import { collectOutcome, type RunOutcome } from './run-to-end.js';
import { makeTraceStart } from './trace-start.js';

/** How long a client is asked to wait before it tries another replica, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Runs workflows, keeps the time of each run, and knows which are open. */
@Injectable()
export class RunService {
  readonly #logger = new Logger('Run');
  readonly #open = new Set<OpenRun>();
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
    private readonly observers: RunObservers,
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
    return Array.from(this.#open, ({ name }) => name);
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
  start(workflow: CompiledWorkflow, request: RunRequest, options: RunOptions): RunEvents {
    if (this.#draining) throw makeShutdownError();
    const asked: ObservedRun = { workflow, request, options };
    return new RunEvents((subscriber, reading) => this.#begin(asked, subscriber, reading));
  }

  /** @returns ends the run if its subscriber leaves before that */
  #begin(asked: ObservedRun, subscriber: Subscriber<RunEvent>, reading: Reading): () => void {
    const { workflow, request, options } = asked;
    const { clock, config } = this;
    const trace =
      this.tracer.enabled && workflow.traced
        ? this.tracer.startTrace(makeTraceStart(workflow, request, options.id, options.origin))
        : undefined;
    const log = new RunLog({
      workflow: workflow.id,
      completion_id: options.id,
      request_id: options.origin?.requestId,
      trace_id: trace?.id,
    });
    const open = new OpenRun({
      log,
      clock,
      timeoutMs: config.run.timeoutMs,
      signal: options.signal,
      fault: reading.fault,
      onAbort: (reason, { name }) => this.#keepReason(reason, name),
    });
    this.#open.add(open);
    this.#letGo ??= holdProcess();
    const observer = this.observers.observe({ ...asked, ...(trace !== undefined && { trace }) }, log);
    const run = new Run({
      workflow,
      request,
      cancellation: open.cancellation,
      gate: options.gate ?? new Gate(),
      clock,
      ids: this.ids,
      failFastMs: options.failFastMs,
      log,
      traceId: trace?.id,
      isTraced: trace !== undefined,
      maxAnswerLength: config.run.maxAnswerLength,
      estimatesTokens: options.permit?.estimatesTokens === true,
      wantsContent: reading.wantsContent,
      observe: (told, content) => observer.next(told, content),
      emit: (runEvent, end) => {
        if (open.hasEnded) return;
        if (end !== undefined) {
          reading.end = end;
          open.end();
        }
        if (runEvent.type !== 'delta') observer.next(runEvent);
        subscriber.next(runEvent);
        // What is left is to clean up, which the reader need not wait for.
        if (end !== undefined) subscriber.complete();
      },
    });
    void run.execute().finally(() => this.#close(open));
    return () => {
      if (!open.hasEnded) open.abort('client_disconnected');
    };
  }

  #close(open: OpenRun): void {
    open.close();
    this.#open.delete(open);
    if (this.#open.size > 0) return;
    this.#letGo?.();
    this.#letGo = undefined;
    this.#onIdle?.();
  }

  /**
   * Ends the wait of a request that is to begin a run, for its body or its turn, when the server stops taking runs: aborts it
   * with an OverloadedError.
   * @returns to be called when the wait is over, in whatever way
   * @throws OverloadedError while the server is shutting down
   */
  whileWaiting(wait: Cancellation): () => void {
    if (this.#draining) throw makeShutdownError();
    this.#waiting.add(wait);
    return () => this.#waiting.delete(wait);
  }

  /**
   * Runs a workflow and collects what it gives: for jobs, scripts and everything else that is no HTTP request.
   * @throws MillraceError that the run ended with; OverloadedError while the server is shutting down
   */
  async runToEnd(workflow: CompiledWorkflow, request: RunRequest, options: RunOptions): Promise<RunOutcome> {
    return collectOutcome(this.start(workflow, request, options));
  }

  /**
   * Takes no more runs and lets the open ones go on for `graceMs` milliseconds; those that are not done by then are
   * aborted. Resolves when none is open, and {@link ABORTED_RUNS_LIMIT_MS} after that whatever is.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    for (const wait of this.#waiting) wait.abort(makeShutdownError());
    if (this.#open.size === 0) return;
    this.#logger.log(`Shutting down: waiting up to ${graceMs} ms for ${this.#open.size} open runs`);
    const limit = this.clock.after(graceMs, () => {
      for (const run of this.#open) run.abort('shutdown');
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
}

function makeShutdownError(): OverloadedError {
  return new OverloadedError('The server is shutting down. Send the request again; another instance will take it.', {
    code: 'server_shutting_down',
    retryAfterMs: RETRY_AFTER_MS,
  });
}
