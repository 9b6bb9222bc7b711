export { NoopTracer } from './noop/noop-tracer.js';
export { captureJson } from './recording/capture-json.js';
export { TraceMask } from './trace-mask.js';
export {
  type Ending,
  type ExporterHealth,
  type GenerationEnding,
  type GenerationHandle,
  type GenerationStart,
  type SpanHandle,
  type TraceHandle,
  type TraceLevel,
  Tracer,
  type TraceStart,
  type TracingHealth,
} from './tracer.js';
export { TracingModule } from './tracing.module.js';
