import type { Clock, IdSource } from '../../kernel/index.js';
import { NOOP_TRACE } from '../noop/noop-tracer.js';
import { type TraceHandle, Tracer, type TraceStart, type TracingHealth } from '../tracer.js';
import type { Capture } from './capture.js';
import type { DeliveryQueue, QueuePlace } from './delivery-queue.js';
import { OpenTrace } from './open-trace.js';
import { isSampled } from './sampling.js';
import { type CallerContext, parseTraceparent } from './traceparent.js';

/** The parts of a tracer. */
interface BackendTracerParts {
  /** One for each backend. */
  readonly queues: readonly DeliveryQueue[];
  readonly capture: Capture;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Fraction of traces that are kept, from 0 to 1. */
  readonly sampleRate: number;
  /** True if a continued trace is always kept when the caller keeps it. */
  readonly isSamplingParentBased: boolean;
  /** True if a caller's trace is continued; false if it is only noted, and each request gets its own trace. */
  readonly continueTraces: boolean;
  /** Takes errors of the tracer itself. */
  readonly onFault: (error: unknown) => void;
}

/** Records traces and sends each ended one to all backends. */
export class BackendTracer extends Tracer {
  override readonly enabled = true;
  readonly #parts: BackendTracerParts;
  #startedTraces = 0;

  constructor(parts: BackendTracerParts) {
    super();
    this.#parts = parts;
  }

  override startTrace(start: TraceStart): TraceHandle {
    try {
      return this.#start(start);
    } catch (error) {
      this.#parts.onFault(error);
      return NOOP_TRACE;
    }
  }

  override readHealth(): TracingHealth {
    return { startedTraces: this.#startedTraces, exporters: this.#parts.queues.map(({ health }) => health) };
  }

  override async flush(deadlineMs: number): Promise<void> {
    await Promise.all(this.#parts.queues.map((queue) => queue.flush(deadlineMs)));
  }

  /** Stops sending and gives up all waiting traces. */
  close(): void {
    for (const queue of this.#parts.queues) queue.close();
  }

  #start(start: TraceStart): TraceHandle {
    const { ids, capture, continueTraces, onFault } = this.#parts;
    this.#startedTraces++;
    const caller = parseTraceparent(start.traceparent);
    const continued = continueTraces ? caller : undefined;
    const id = start.continues ?? continued?.traceId ?? ids.traceId();
    const places = this.#openPlaces(id, continued);
    if (places.length === 0) return { ...NOOP_TRACE, id };
    const metadata = { ...start.metadata, ...(caller && { traceparent: start.traceparent?.trim() }) };
    return new OpenTrace({
      id,
      start: { ...start, metadata },
      ...(continued && { callerSpanId: continued.spanId }),
      places,
      capture,
      now: this.#makeSteadyClock(),
      spanId: () => ids.spanId(),
      onFault,
    });
  }

  #openPlaces(id: string, caller: CallerContext | undefined): readonly QueuePlace[] {
    const { isSamplingParentBased, sampleRate, queues } = this.#parts;
    const isKept =
      caller !== undefined && (isSamplingParentBased || !caller.sampled) ? caller.sampled : isSampled(id, sampleRate);
    if (!isKept) return [];
    return queues.flatMap((queue) => queue.open() ?? []);
  }

  /**
   * Makes a clock that starts at the time of day and follows the monotonic clock, because the time of day can jump, even
   * backwards.
   */
  #makeSteadyClock(): () => number {
    const { clock } = this.#parts;
    const origin = clock.now() - clock.monotonic();
    return () => origin + clock.monotonic();
  }
}
