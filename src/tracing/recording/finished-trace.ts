import type { Usage } from '../../models/index.js';
import type { TraceLevel } from '../tracer.js';

/** Something that happened at one point in time: a retry, a fallback. */
export interface FinishedEvent {
  readonly name: string;
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly time: number;
  readonly level: TraceLevel;
  /** Captured: see {@link FinishedObservation.input}. */
  readonly data: Readonly<Record<string, string>>;
}

/** The part that only model calls have. */
export interface FinishedGeneration {
  readonly provider: string;
  /** The requested model. */
  readonly model: string;
  /** The model according to the upstream, if it differs. */
  readonly answeredBy?: string;
  /** Parameters that are numbers, strings, booleans or lists of strings; any other is in the metadata. */
  readonly parameters: Readonly<Record<string, number | string | boolean | readonly string[]>>;
  /** Absent if the upstream reported none. */
  readonly usage?: Usage;
  readonly finishReason?: string;
  /** Milliseconds since the Unix epoch, with a fraction; absent if no token came. */
  readonly firstTokenTime?: number;
}

/** One observation of a trace that has ended: the request itself, a step of it, or a model call. */
export interface FinishedObservation {
  /** 16 hex digits. */
  readonly id: string;
  /** Absent for the root, which is the request itself. */
  readonly parentId?: string;
  readonly name: string;
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly startTime: number;
  /** Never before {@link startTime}. */
  readonly endTime: number;
  /**
   * The captured value: a text as it is, anything else as JSON; masked, and cut at a limit. Absent if there was none or
   * content is not captured.
   */
  readonly input?: string;
  readonly output?: string;
  /** Values captured like {@link input}. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly level: TraceLevel;
  readonly statusMessage?: string;
  readonly events: readonly FinishedEvent[];
  readonly generation?: FinishedGeneration;
}

/** A trace that has ended, ready to be sent. */
export interface FinishedTrace {
  /** 32 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly userId?: string;
  readonly sessionId?: string;
  readonly tags: readonly string[];
  /** The caller's span above the root, 16 hex digits; only if the caller's trace is continued. */
  readonly callerSpanId?: string;
  /** All observations, the root first. */
  readonly observations: readonly FinishedObservation[];
  /** Its approximate memory. */
  readonly bytes: number;
}

/** Traces could not be delivered. The message holds neither content nor credentials. */
export class ExportError extends Error {
  override readonly name = 'ExportError';

  /**
   * @param retryable true if the same traces may be accepted later
   * @param retryAfterMs the pause that the backend asks for, in milliseconds
   * @param lostTraces number of traces that were not fully accepted; absent: all of them
   */
  constructor(
    message: string,
    readonly retryable: boolean,
    readonly retryAfterMs?: number,
    readonly lostTraces?: number,
  ) {
    super(message);
  }
}

/** Sends traces to one tracing backend. */
export interface TraceExporter {
  /** For logs and metrics. */
  readonly name: string;
  /**
   * Sends traces in few requests, each with a time limit.
   * @throws ExportError if not all traces were accepted; the signal's reason after an abort
   */
  export(traces: readonly FinishedTrace[], signal: AbortSignal): Promise<void>;
}
