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

/** What only model calls have. */
export interface FinishedGeneration {
  readonly provider: string;
  /** As asked for. */
  readonly model: string;
  /** As the answer named it, if that differs. */
  readonly answeredBy?: string;
  /** Parameters that are numbers, strings, booleans or lists of strings; any other is in the metadata. */
  readonly parameters: Readonly<Record<string, number | string | boolean | readonly string[]>>;
  /** Absent when the upstream told none. */
  readonly usage?: Usage;
  readonly finishReason?: string;
  /** Milliseconds since the Unix epoch, with a fraction; absent if nothing came. */
  readonly firstTokenTime?: number;
}

/** One observation of a trace that has ended: the request itself, a step of it, or a model call. */
export interface FinishedObservation {
  /** 16 hex digits. */
  readonly id: string;
  /** Absent: the root, which is the request itself. */
  readonly parentId?: string;
  readonly name: string;
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly startTime: number;
  /** Never before {@link startTime}. */
  readonly endTime: number;
  /**
   * What was captured of a value: a text as it is, anything else as JSON; masked, and cut at a limit. Absent if there was
   * none, or content is not to be captured.
   */
  readonly input?: string;
  readonly output?: string;
  /** Each value captured as above. */
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
  /** Span of the caller that the root belongs under, 16 hex digits; only if the caller's trace is continued. */
  readonly callerSpanId?: string;
  /** The root first. */
  readonly observations: readonly FinishedObservation[];
  /** About how much memory it takes. */
  readonly bytes: number;
}

/** Why traces could not be delivered. Its message holds neither content nor credentials. */
export class ExportError extends Error {
  override readonly name = 'ExportError';

  /**
   * @param retryable true if the same traces may be accepted later
   * @param retryAfterMs how long the backend asks to be left alone, in milliseconds
   * @param lostTraces how many of the traces were not accepted, or not whole; absent: all of them
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

/** A way to one tracing backend. */
export interface TraceExporter {
  /** For logs and metrics. */
  readonly name: string;
  /**
   * Sends traces in as few requests as is sensible, each with a time limit.
   * @throws ExportError if they were not, or not all, accepted; the signal's reason after an abort
   */
  export(traces: readonly FinishedTrace[], signal: AbortSignal): Promise<void>;
}
