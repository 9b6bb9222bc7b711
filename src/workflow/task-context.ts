import type { Type } from '@nestjs/common';
import { Cancellation, type Clock, SystemClock } from '../kernel/index.js';
import type { RunRequest } from './run-request.js';
import type { OutputOf } from './node-signature.js';
import { RunLogger, type StepLogger } from './run-logger.js';
import { type StepEvents, StepSpan } from './step-span.js';

/** What a context is made of. Everything but the request has a default, so that a node can be run on its own. */
interface TaskContextParts<Request extends RunRequest = RunRequest> {
  readonly request: Request;
  readonly signal?: AbortSignal;
  /** Reports what happens in the step; absent: it is not reported. */
  readonly events?: StepEvents;
  /** Absent: the step itself. */
  readonly trace?: StepSpan;
  readonly clock?: Clock;
  readonly output?: (node: Type<unknown>, key: string | undefined) => unknown;
  readonly metadata?: Map<string, unknown>;
  readonly attempt?: number;
  readonly log?: StepLogger;
  /** True if tokens that upstreams do not report are estimated. */
  readonly estimatesTokens?: boolean;
  readonly canWait?: (ms: number) => boolean;
  readonly onStop?: () => void;
  readonly onProgress?: (message: string, data: unknown) => void;
}

const NO_LOG = new RunLogger();
const NO_EVENTS: StepEvents = { wantsContent: false, emit: () => undefined, takeNumber: () => 0 };

/** The view that one node has of its run. */
export class TaskContext<Request extends RunRequest = RunRequest> {
  /** The validated request. */
  readonly request: Request;
  /** This node's span, for spans and events of its own. */
  readonly trace: StepSpan;
  readonly clock: Clock;
  /**
   * How often the run has been started, this attempt included. More than 1 only if a logged run continues after a
   * restart.
   */
  readonly attempt: number;
  /**
   * Free for the workflow's own use; shared by the nodes of one run. Runs that are logged keep it as JSON, so there it holds plain data
   * alone.
   */
  readonly metadata: Map<string, unknown>;
  /** For agents: reports what happens in the step. */
  readonly events: StepEvents;
  /** For agents: whether tokens that upstreams do not report are estimated. */
  readonly estimatesTokens: boolean;
  /** For agents: lines of the log, which have the ids of the run and the step. */
  readonly log: StepLogger;
  /**
   * For agents: whether the reader of the run can be kept waiting for this many milliseconds before a failed call is made
   * again. If not, the failure must end the node at once.
   */
  readonly canWait: (ms: number) => boolean;
  #abort: AbortSignal | Cancellation | undefined;
  readonly #output: (node: Type<unknown>, key: string | undefined) => unknown;
  readonly #onStop: () => void;
  readonly #onProgress: (message: string, data: unknown) => void;

  constructor(parts: TaskContextParts<Request>) {
    this.request = parts.request;
    this.#abort = parts.signal;
    this.events = parts.events ?? NO_EVENTS;
    this.trace = parts.trace ?? new StepSpan(this.events);
    this.clock = parts.clock ?? new SystemClock();
    this.metadata = parts.metadata ?? new Map();
    this.attempt = parts.attempt ?? 1;
    this.log = parts.log ?? NO_LOG.step();
    this.estimatesTokens = parts.estimatesTokens ?? false;
    this.canWait = parts.canWait ?? (() => true);
    this.#output = parts.output ?? (() => undefined);
    this.#onStop = parts.onStop ?? (() => undefined);
    this.#onProgress = parts.onProgress ?? (() => undefined);
  }

  /** Aborts when the client has gone, the deadline has passed or the server stops. Give it to everything that waits. */
  get signal(): AbortSignal {
    const abort = TaskContext.readAbort(this);
    return abort instanceof Cancellation ? abort.signal : abort;
  }

  /**
   * The same each time that this node runs in this run, also after a restart, and never the same elsewhere: `<run>/<node>`. Give it to
   * whatever must not be done twice, such as a payment.
   */
  get idempotencyKey(): string {
    return `${this.log.run ?? 'no-run'}/${this.log.node ?? 'no-node'}`;
  }

  /**
   * The same as {@link signal} for agents, at a lower cost. Not a property, so that authors of nodes see one way only.
   * @internal
   */
  static readAbort(context: TaskContext): AbortSignal | Cancellation {
    return (context.#abort ??= new Cancellation());
  }

  /**
   * Makes a context that ends with `abort`, for the engine and agents: a signal is made only if it is requested.
   * @internal
   */
  static makeWithin<Request extends RunRequest>(
    abort: AbortSignal | Cancellation,
    parts: Omit<TaskContextParts<Request>, 'signal'>,
  ): TaskContext<Request> {
    const context = new TaskContext(parts);
    context.#abort = abort;
    return context;
  }

  /**
   * The output of a node that has finished, or undefined if it has not run. Wiring an input is the better way.
   * @param key which of several nodes of the class; absent: the one that finished last
   */
  output<N>(node: Type<N>, key?: string): OutputOf<N> | undefined {
    return this.#output(node, key) as OutputOf<N> | undefined;
  }

  /** Reports the progress of this node to clients that ask for node events. Costs nothing if no client asks. */
  progress(message: string, data?: unknown): void {
    this.#onProgress(message, data);
  }

  /**
   * Ends the workflow cleanly: no further step of it starts, active ones finish, and the output so far is the result.
   * An enclosing workflow continues.
   */
  stopWorkflow(): void {
    this.#onStop();
  }
}
