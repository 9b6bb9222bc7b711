export { NOOP_TRACE, NoopTracer } from './noop/noop-tracer.js';
export {
  Tracer,
  type Ending,
  type ExporterHealth,
  type GenerationEnding,
  type GenerationHandle,
  type GenerationStart,
  type SpanHandle,
  type TraceHandle,
  type TraceLevel,
  type TraceStart,
  type TracingHealth,
} from './tracer.js';
export { TraceMask, type CapturedField } from './trace-mask.js';
export { TracingModule } from './tracing.module.js';
