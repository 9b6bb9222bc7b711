import { Logger, Module } from '@nestjs/common';
import { AppConfig } from '../config/index.js';
import { Clock, ensureError, IdSource } from '../kernel/index.js';
import { makeBackends } from './backends/index.js';
import { NoopTracer } from './noop/noop-tracer.js';
import { BackendTracer } from './recording/backend-tracer.js';
import { Capture } from './recording/capture.js';
import { DeliveryLog } from './recording/delivery-log.js';
import { TraceMask } from './trace-mask.js';
import { Tracer } from './tracer.js';
import { TracingBackends, TracingLifecycle } from './tracing-lifecycle.service.js';

const logger = new Logger('Tracing');

function makeTracer(
  { all }: TracingBackends,
  { tracing }: AppConfig,
  clock: Clock,
  ids: IdSource,
  mask: TraceMask | undefined,
): Tracer {
  if (all.length === 0) return new NoopTracer();
  const faults = new DeliveryLog('Recording', logger, clock);
  return new BackendTracer({
    queues: all.map(({ queue }) => queue),
    capture: new Capture({ content: tracing.captureContent, limit: tracing.fieldLimit, mask }),
    clock,
    ids,
    sampleRate: tracing.sampleRate,
    isSamplingParentBased: tracing.isSamplingParentBased,
    continueTraces: tracing.traceparent === 'continue',
    onFault: (thrown) => {
      const error = ensureError(thrown);
      faults.noteFailure(error.name, 0);
      logger.debug(error.stack);
    },
  });
}

/** Provides the {@link Tracer}. */
@Module({
  providers: [
    {
      provide: TracingBackends,
      inject: [AppConfig, Clock],
      useFactory: async ({ tracing }: AppConfig, clock: Clock) =>
        new TracingBackends(await makeBackends(tracing, clock, logger)),
    },
    {
      provide: Tracer,
      inject: [TracingBackends, AppConfig, Clock, IdSource, { token: TraceMask, optional: true }],
      useFactory: makeTracer,
    },
    TracingLifecycle,
  ],
  exports: [Tracer],
})
export class TracingModule {}
