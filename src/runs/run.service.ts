import { Injectable, Logger } from '@nestjs/common';
import { ABORTED_RUNS_LIMIT_MS, AppConfig } from '../config/index.js';
import { Run } from '../engine/index.js';
import { type AbortCause, OverloadedError } from '../errors/index.js';
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
import { type RunRequest, type CompiledWorkflow, RunLogger } from '../workflow/index.js';
import { RunObservers } from './observers/run-observers.js';
import { TraceStarter } from './observers/trace-starter.service.js';
import { OpenRun } from './open-run.js';
import { RunEvents } from './run-events.js';
import type { RunOptions } from './run-options.js';
import { RunReaders } from './run-readers.js';
import { collectOutput, type RunOutput } from './run-to-end.js';

/** How long a client is asked to wait before it tries another replica, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/**
 * Starts runs, enforces their deadlines and keeps track of the open ones, which can be read and cancelled by their ids.
 */
@Injectable()
export class RunService {
  readonly #logger = new Logger('Run');
  /** By id. */
  readonly #open = new Map<string, { readonly open: OpenRun; readonly readers: RunReaders }>();
  /** The abort reasons of runs, with the names of the runs in the log. */
  readonly #reasons = new WeakMap<object, string>();
  /** Aborts requests that were accepted and have not begun their run. */
  readonly #waiting = new Set<Cancellation>();
  /** Work that outlives its run, by its name in the log. */
  readonly #held = new Map<Promise<unknown>, string>();
  #draining = false;
  /** Set while runs are open, because a run that waits for an unreferenced timer would not keep Node alive. */
  #letGo: (() => void) | undefined;
  #onIdle: (() => void) | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly traces: TraceStarter,
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

  /** The log names of the runs that have started and not ended: workflow and id. */
  get openRunNames(): readonly string[] {
    return Array.from(this.#open.values(), ({ open }) => open.name);
  }

  /**
   * The shutdown waits for this as for an open run.
   * @param until never rejects
   */
  holdOpen(name: string, until: Promise<unknown>): void {
    this.#held.set(until, name);
    void until.then(() => {
      this.#held.delete(until);
      this.#tellIfIdle();
    });
  }

  /**
   * The log name of the run that was aborted with this error or with its cause. A promise that an author's code does
   * not await is rejected with it if it listens to the run's signal.
   */
  findAbortedRun(thrown: unknown): string | undefined {
    if (typeof thrown !== 'object' || thrown === null) return undefined;
    const name = this.#reasons.get(thrown);
    if (name !== undefined || !isError(thrown)) return name;
    // Node's own functions reject with an AbortError whose cause is the reason.
    const { cause } = ensureError(thrown);
    return typeof cause === 'object' && cause !== null ? this.#reasons.get(cause) : undefined;
  }

  /**
   * Begins a run, which does not wait for readers: without one it runs to its end. A reader that subscribes in the same
   * turn of the event loop gets all events; once the run has readers, it ends when the last one leaves.
   * @throws OverloadedError while the server is shutting down; Error if a run with this id is open
   */
  start(workflow: CompiledWorkflow, request: RunRequest, options: RunOptions): RunEvents {
    if (this.#draining) throw makeShutdownError();
    const { id } = options;
    if (this.#open.has(id)) throw new Error(`A run with the id "${id}" is open. Give each run an id of its own.`);
    const { clock, config } = this;
    const trace = this.traces.start(workflow, request, id, options.origin);
    const log = new RunLogger({
      workflow: workflow.id,
      run_id: id,
      request_id: options.origin?.requestId,
      trace_id: trace?.id,
    });
    const open = new OpenRun({
      log,
      clock,
      timeoutMs: options.timeoutMs ?? config.run.timeoutMs,
      signal: options.signal,
      onAbort: (reason, { name }) => this.#keepReason(reason, name),
    });
    const readers = new RunReaders(open, log);
    this.#open.set(id, { open, readers });
    this.#letGo ??= holdProcess();
    const observer = this.observers.observe({ workflow, request, options, ...(trace !== undefined && { trace }) }, log);
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
      observersWantContent: observer.wantsContent === true,
      keepsOutput: trace !== undefined,
      maxOutputLength: config.run.maxOutputLength,
      estimatesTokens: options.admission?.estimatesTokens === true,
      keepStep: options.keepStep,
      settle: options.settle,
      resumed: options.resumed,
      answer: options.answer,
      retry: options.retry,
      readersWantContent: () => readers.wantsContent,
      observe: (told, content) => observer.next(told, content),
      emit: (event, end) => {
        if (open.hasEnded) return;
        if (end !== undefined) open.end();
        if (event.type !== 'delta') observer.next(event);
        readers.emit(event, end);
      },
    });
    // Readers that subscribe in this turn miss nothing.
    void Promise.resolve()
      .then(() => run.execute())
      .finally(() => this.#close(id, open));
    return new RunEvents(readers, true);
  }

  /**
   * The later events of a run that was started before, for readers that come, leave and fail without affecting it.
   * @returns undefined if no run with this id is open in this process
   */
  attach(id: string): RunEvents | undefined {
    const run = this.#open.get(id);
    return run && new RunEvents(run.readers, false);
  }

  /**
   * Cancels a run with a RunAbortedError: its steps and their requests to models are aborted.
   * @param cause the reason; absent: cancelled on request
   * @returns false if no run with this id is open in this process, or it is ending already
   */
  cancel(id: string, cause: AbortCause = 'cancelled'): boolean {
    const run = this.#open.get(id);
    if (run === undefined || run.open.hasEnded || run.open.cancellation.aborted) return false;
    run.open.abort(cause);
    return true;
  }

  #close(id: string, open: OpenRun): void {
    open.close();
    this.#open.delete(id);
    if (this.#open.size > 0) return;
    this.#letGo?.();
    this.#letGo = undefined;
    this.#tellIfIdle();
  }

  #tellIfIdle(): void {
    if (this.#open.size === 0 && this.#held.size === 0) this.#onIdle?.();
  }

  /**
   * Aborts a request that waits for its body or its turn before it begins a run, with an OverloadedError, when the
   * server stops taking runs.
   * @returns to be called when the wait is over, in any way
   * @throws OverloadedError while the server is shutting down
   */
  trackWait(wait: Cancellation): () => void {
    if (this.#draining) throw makeShutdownError();
    this.#waiting.add(wait);
    return () => this.#waiting.delete(wait);
  }

  /**
   * Runs a workflow and collects its output, for jobs, scripts and everything else that is not an HTTP request.
   * @throws MillraceError that the run ended with; OverloadedError while the server is shutting down
   */
  async runToEnd(workflow: CompiledWorkflow, request: RunRequest, options: RunOptions): Promise<RunOutput> {
    return collectOutput(this.start(workflow, request, options));
  }

  /**
   * Takes no more runs and lets the open ones continue for `graceMs` milliseconds, then aborts the rest. Resolves when
   * none is open, or at most `ABORTED_RUNS_LIMIT_MS` later.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    for (const wait of this.#waiting) wait.abort(makeShutdownError());
    if (this.#open.size === 0 && this.#held.size === 0) return;
    if (this.#open.size > 0) {
      const runs = this.#open.size === 1 ? 'one open run' : `${this.#open.size} open runs`;
      this.#logger.log(`Shutting down: waiting up to ${graceMs} ms for ${runs}`);
    }
    const limit = this.clock.after(graceMs, () => {
      for (const { open } of this.#open.values()) open.abort('shutdown');
    });
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await settleInTime(idle, this.clock, graceMs + ABORTED_RUNS_LIMIT_MS, () => {
      this.#logger.error(
        `No longer waiting for runs that do not end: ${[...this.openRunNames, ...this.#held.values()].join(', ')}`,
      );
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
