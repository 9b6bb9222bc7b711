import type { Type } from '@nestjs/common';
import type { Outcome } from '../errors/index.js';
import { Cancellation, type Clock, SystemClock } from '../kernel/index.js';
import type { FinishReason, ModelCall, ModelIdentity, ModelName, Usage } from '../models/index.js';
import type { DeltaCollector } from '../streaming/index.js';
import { NoopTracer, type SpanHandle } from '../tracing/index.js';
import type { ChatEvent } from './chat-event.js';
import type { OutputOf } from './node-signature.js';
import { type CallName, RunLog, type StepLog } from './run-log.js';

/** The account of one model call. */
export interface CallAccount {
  firstToken(): void;
  /** Its request is sent again. */
  retrying(): void;
  /** The last one counts, whatever happens to the call. */
  usage(usage: Usage): void;
  /** Later calls do nothing. */
  ended(outcome: Outcome): void;
}

/** What agents tell the run about their model calls. */
export interface CallLedger {
  /**
   * @param call what the model is asked
   * @param answer what has come of its answer, at any time
   */
  openCall(model: ModelName, call: ModelCall, answer: DeltaCollector): CallAccount;
  /** A request goes out to a model. */
  asks(call: CallName): void;
  /** It was this request that failed with what was thrown. */
  failed(thrown: unknown, call: CallName): void;
  /** The request that failed with this; undefined if none has. */
  failedCall(thrown: unknown): CallName | undefined;
  /** The same model is asked again, with a call of its own. */
  askedAgain(model: ModelName): void;
  /** The model is given up: the agent's next one is asked. */
  gaveUp(model: ModelName): void;
  identity(identity: ModelIdentity): void;
  /** Why the node's model stopped. */
  finished(reason: FinishReason): void;
}

/** What a context is made of. Everything but the event has a default, so that a node can be run on its own. */
export interface TaskContextParts<Event extends ChatEvent = ChatEvent> {
  readonly event: Event;
  readonly signal?: AbortSignal | Cancellation;
  readonly trace?: SpanHandle;
  readonly clock?: Clock;
  readonly output?: (node: Type<unknown>, key: string | undefined) => unknown;
  readonly metadata?: Map<string, unknown>;
  readonly ledger?: CallLedger;
  readonly log?: StepLog;
  readonly canWait?: (ms: number) => boolean;
  readonly onStop?: () => void;
  readonly onProgress?: (message: string, data: unknown) => void;
}

const SILENT_ACCOUNT: CallAccount = {
  firstToken: () => undefined,
  retrying: () => undefined,
  usage: () => undefined,
  ended: () => undefined,
};
const SILENT_LEDGER: CallLedger = {
  openCall: () => SILENT_ACCOUNT,
  asks: () => undefined,
  failed: () => undefined,
  failedCall: () => undefined,
  askedAgain: () => undefined,
  gaveUp: () => undefined,
  identity: () => undefined,
  finished: () => undefined,
};

const NO_RUN = new RunLog().step();

/** What one node is given of the run it takes part in. */
export class TaskContext<Event extends ChatEvent = ChatEvent> {
  /** The validated request. */
  readonly event: Event;
  /** What {@link signal} tells, for agents: it costs less. */
  readonly abort: AbortSignal | Cancellation;
  /** This node's span, for spans and events of its own. */
  readonly trace: SpanHandle;
  readonly clock: Clock;
  /** Free for the workflow's own use; shared by the nodes of one run. */
  readonly metadata: Map<string, unknown>;
  /** For agents: where model calls are accounted for. */
  readonly ledger: CallLedger;
  /** For agents: lines of the log, which have the ids of the run and the step. */
  readonly log: StepLog;
  /**
   * For agents: whether the reader of the run can be kept waiting for so many milliseconds before a failed call is made again.
   * If not, the failure is to end the node at once.
   */
  readonly canWait: (ms: number) => boolean;
  readonly #output: (node: Type<unknown>, key: string | undefined) => unknown;
  readonly #onStop: () => void;
  readonly #onProgress: (message: string, data: unknown) => void;

  constructor(parts: TaskContextParts<Event>) {
    this.event = parts.event;
    this.abort = parts.signal ?? new Cancellation();
    this.trace = parts.trace ?? new NoopTracer().startTrace().span('');
    this.clock = parts.clock ?? new SystemClock();
    this.metadata = parts.metadata ?? new Map();
    this.ledger = parts.ledger ?? SILENT_LEDGER;
    this.log = parts.log ?? NO_RUN;
    this.canWait = parts.canWait ?? (() => true);
    this.#output = parts.output ?? (() => undefined);
    this.#onStop = parts.onStop ?? (() => undefined);
    this.#onProgress = parts.onProgress ?? (() => undefined);
  }

  /** Aborts when the client has gone, the deadline has passed or the server stops. Give it to everything that waits. */
  get signal(): AbortSignal {
    return this.abort instanceof Cancellation ? this.abort.signal : this.abort;
  }

  /**
   * The output of a node that has finished, or undefined if it has not run. Wiring an input is the better way.
   * @param key which of several nodes of the class; absent: the one that finished last
   */
  output<N>(node: Type<N>, key?: string): OutputOf<N> | undefined {
    return this.#output(node, key) as OutputOf<N> | undefined;
  }

  /** Tells clients that ask for node events how far this node is. Costs nothing when nobody asks. */
  progress(message: string, data?: unknown): void {
    this.#onProgress(message, data);
  }

  /**
   * Ends the workflow cleanly: no further step of it starts, those at work finish, and what was said is the answer. A
   * workflow around it goes on.
   */
  stopWorkflow(): void {
    this.#onStop();
  }
}
