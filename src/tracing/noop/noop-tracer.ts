import { Tracer, type GenerationHandle, type SpanHandle, type TraceHandle } from '../tracer.js';

const nothing = (): void => undefined;
const generation: GenerationHandle = Object.freeze({ firstToken: nothing, event: nothing, end: nothing });
const span: SpanHandle = Object.freeze({
  span: () => span,
  generation: () => generation,
  event: nothing,
  end: nothing,
});
const trace: TraceHandle = Object.freeze({ id: undefined, span: () => span, end: nothing });

/** Records nothing, at no cost. In force when no tracing backend is configured. */
export class NoopTracer extends Tracer {
  override readonly enabled = false;

  override startTrace(): TraceHandle {
    return trace;
  }

  override flush(): Promise<void> {
    return Promise.resolve();
  }
}
