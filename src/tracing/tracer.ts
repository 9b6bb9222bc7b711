import type { Usage } from '../models/index.js';

/** The severity of an ending or event. */
export type TraceLevel = 'DEFAULT' | 'WARNING' | 'ERROR';

/** How an observation ended. */
export interface Ending {
  readonly output?: unknown;
  /** Absent: `DEFAULT`. Aborts are a `WARNING`, failures an `ERROR`. */
  readonly level?: TraceLevel;
  readonly statusMessage?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The beginning of a request's trace. */
export interface TraceStart {
  /** Id of the workflow, even if the client used an alias. */
  readonly name: string;
  readonly userId?: string;
  readonly sessionId?: string;
  readonly tags?: readonly string[];
  readonly input?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The client's W3C `traceparent` header as it came: noted in the trace, or continued if so configured. */
  readonly traceparent?: string;
  /** Id of the trace to continue, which an earlier process began. Absent: a new trace. */
  readonly continues?: string;
}

/** The beginning of a model call. */
export interface GenerationStart {
  readonly model: string;
  readonly provider: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly input: unknown;
}

/** How a model call ended. */
export interface GenerationEnding extends Ending {
  /** Absent if the upstream reported none; never zero instead. */
  readonly usage?: Usage;
  /** Why the model stopped, if it was not aborted and did not fail. */
  readonly finishReason?: string;
  /** The model according to the upstream, if it differs from the requested one. */
  readonly model?: string;
}

/** The state of the delivery to one tracing backend. Counts begin at the start of the process. */
export interface ExporterHealth {
  /** `langfuse` or `otlp`. */
  readonly name: string;
  /** False if the last delivery or the check of the credentials failed. */
  readonly up: boolean;
  readonly exportedTraces: number;
  /** Traces that were given up, because the queue had no room or the backend refused them. */
  readonly droppedTraces: number;
  /** Requests to the backend that failed. */
  readonly failures: number;
  /** Bytes of the traces that are open, waiting or being sent. */
  readonly queueBytes: number;
  /** Milliseconds since the Unix epoch; undefined if nothing was delivered yet. */
  readonly lastSuccessAt: number | undefined;
}

/** The state of tracing, for metrics. */
export interface TracingHealth {
  readonly startedTraces: number;
  readonly exporters: readonly ExporterHealth[];
}

/**
 * The port to the tracing backends; also the dependency-injection token.
 *
 * Handles are passed explicitly, because RxJS, timers and generators lose asynchronous context. The methods of handles are
 * synchronous and must not throw or wait; only the first call of `end` counts.
 */
export abstract class Tracer {
  /** False if nothing is recorded: callers can then skip work for traces, such as collecting text. */
  abstract readonly enabled: boolean;
  abstract startTrace(start: TraceStart): TraceHandle;
  abstract readHealth(): TracingHealth;
  /** Sends waiting traces. Resolves when done or after `deadlineMs` milliseconds; never rejects. */
  abstract flush(deadlineMs: number): Promise<void>;
}

/** The trace of one request. */
export interface TraceHandle {
  /** 32 hex digits, sent to the client as `x-trace-id`; undefined if nothing is recorded. */
  readonly id: string | undefined;
  openSpan(
    name: string,
    start?: { readonly input?: unknown; readonly metadata?: Readonly<Record<string, unknown>> },
  ): SpanHandle;
  end(ending: Ending): void;
}

/** The span of a node, or of a part that its author times. */
export interface SpanHandle {
  openSpan(
    name: string,
    start?: { readonly input?: unknown; readonly metadata?: Readonly<Record<string, unknown>> },
  ): SpanHandle;
  openGeneration(name: string, start: GenerationStart): GenerationHandle;
  addEvent(name: string, data?: Readonly<Record<string, unknown>>, level?: TraceLevel): void;
  end(ending: Ending): void;
}

/** The span of one model call. */
export interface GenerationHandle {
  /** Marks the first non-empty delta (a role alone does not count). Only the first call counts. */
  noteFirstToken(): void;
  addEvent(name: string, data?: Readonly<Record<string, unknown>>, level?: TraceLevel): void;
  end(ending: GenerationEnding): void;
}
