export { NoopTracer } from './noop/noop-tracer.js';
export {
  Tracer,
  type Ending,
  type GenerationEnding,
  type GenerationHandle,
  type GenerationStart,
  type SpanHandle,
  type TraceHandle,
  type TraceLevel,
  type TraceStart,
} from './tracer.js';
export { TracingModule } from './tracing.module.js';
