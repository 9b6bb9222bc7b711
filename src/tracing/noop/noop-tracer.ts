import { type GenerationHandle, type SpanHandle, type TraceHandle, Tracer, type TracingHealth } from '../tracer.js';

const nothing = (): void => undefined;
const generation: GenerationHandle = Object.freeze({ firstToken: nothing, event: nothing, end: nothing });
const span: SpanHandle = Object.freeze({
  span: () => span,
  generation: () => generation,
  event: nothing,
  end: nothing,
});
const health: TracingHealth = Object.freeze({ startedTraces: 0, exporters: [] });

/** A trace that keeps nothing. */
export const NOOP_TRACE: TraceHandle = Object.freeze({ id: undefined, span: () => span, end: nothing });

/** Records nothing, at no cost. Used if no tracing backend is configured. */
export class NoopTracer extends Tracer {
  override readonly enabled = false;

  override startTrace(): TraceHandle {
    return NOOP_TRACE;
  }

  override health(): TracingHealth {
    return health;
  }

  override flush(): Promise<void> {
    return Promise.resolve();
  }
}
