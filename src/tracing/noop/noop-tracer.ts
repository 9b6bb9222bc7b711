import { type GenerationHandle, type SpanHandle, type TraceHandle, Tracer, type TracingHealth } from '../tracer.js';

const doNothing = (): void => undefined;
const generation: GenerationHandle = Object.freeze({ noteFirstToken: doNothing, addEvent: doNothing, end: doNothing });
const span: SpanHandle = Object.freeze({
  openSpan: () => span,
  openGeneration: () => generation,
  addEvent: doNothing,
  end: doNothing,
});
const health: TracingHealth = Object.freeze({ startedTraces: 0, exporters: [] });

/** A trace that keeps nothing. */
export const NOOP_TRACE: TraceHandle = Object.freeze({ id: undefined, openSpan: () => span, end: doNothing });

/** Records nothing, at no cost. Used if no tracing backend is configured. */
export class NoopTracer extends Tracer {
  override readonly enabled = false;

  override startTrace(): TraceHandle {
    return NOOP_TRACE;
  }

  override readHealth(): TracingHealth {
    return health;
  }

  override flush(): Promise<void> {
    return Promise.resolve();
  }
}
