import type { Usage } from '../models/index.js';

/** How bad an ending or event is. */
export type TraceLevel = 'DEFAULT' | 'WARNING' | 'ERROR';

/** How an observation ended. */
export interface Ending {
  readonly output?: unknown;
  /** Absent: `DEFAULT`. Aborts are a `WARNING`, failures an `ERROR`. */
  readonly level?: TraceLevel;
  readonly statusMessage?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What is known of a request when its trace starts. */
export interface TraceStart {
  /** Id of the workflow, also when the client used an alias. */
  readonly name: string;
  readonly userId?: string;
  readonly sessionId?: string;
  readonly tags?: readonly string[];
  readonly input?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The client's W3C `traceparent` header, as it came: kept with the trace, or continued if the configuration says so. */
  readonly traceparent?: string;
}

/** What is known of a model call before it starts. */
export interface GenerationStart {
  readonly model: string;
  readonly provider: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly input: unknown;
}

/** How a model call ended. */
export interface GenerationEnding extends Ending {
  /** Absent when the upstream told none: never zero in its place. */
  readonly usage?: Usage;
  /** Why the model stopped, if it did by itself. */
  readonly finishReason?: string;
  /** The model's name in the answer, if it differs from the one asked for. */
  readonly model?: string;
}

/** How the delivery to one tracing backend goes. Counts are since the start of the process. */
export interface ExporterHealth {
  /** `langfuse` or `otlp`. */
  readonly name: string;
  /** False while the last delivery, or the check of the credentials, has failed. */
  readonly up: boolean;
  readonly exportedTraces: number;
  /** Traces that were given up: no room in the queue, or refused by the backend. */
  readonly droppedTraces: number;
  /** Requests to the backend that failed. */
  readonly failures: number;
  /** What waits to be sent, in bytes. */
  readonly queueBytes: number;
  /** Milliseconds since the Unix epoch; undefined if nothing was delivered yet. */
  readonly lastSuccessAt: number | undefined;
}

/** How tracing goes, for metrics. */
export interface TracingHealth {
  readonly startedTraces: number;
  readonly exporters: readonly ExporterHealth[];
}

/**
 * The port to a tracing backend; also its dependency-injection token.
 *
 * Handles are passed down explicitly, because RxJS, timers and generators lose asynchronous context. All methods are
 * synchronous and must not throw or wait; `end` counts once, later calls do nothing.
 */
export abstract class Tracer {
  /** False when nothing is recorded: callers may then skip work that only a trace needs, such as collecting the text. */
  abstract readonly enabled: boolean;
  abstract startTrace(start: TraceStart): TraceHandle;
  abstract health(): TracingHealth;
  /** Sends what is waiting. Resolves when done or after `deadlineMs` milliseconds; never rejects. */
  abstract flush(deadlineMs: number): Promise<void>;
}

/** One request. */
export interface TraceHandle {
  /** 32 hex digits; sent to the client as `x-trace-id`. Undefined when nothing is recorded. */
  readonly id: string | undefined;
  span(
    name: string,
    start?: { readonly input?: unknown; readonly metadata?: Readonly<Record<string, unknown>> },
  ): SpanHandle;
  end(ending: Ending): void;
}

/** One node of a run, or a part of it that its author chose to time. */
export interface SpanHandle {
  span(
    name: string,
    start?: { readonly input?: unknown; readonly metadata?: Readonly<Record<string, unknown>> },
  ): SpanHandle;
  generation(name: string, start: GenerationStart): GenerationHandle;
  event(name: string, data?: Readonly<Record<string, unknown>>, level?: TraceLevel): void;
  end(ending: Ending): void;
}

/** One model call. */
export interface GenerationHandle {
  /** Marks the arrival of the first non-empty delta (a role alone is none). Later calls do nothing. */
  firstToken(): void;
  event(name: string, data?: Readonly<Record<string, unknown>>, level?: TraceLevel): void;
  end(ending: GenerationEnding): void;
}
