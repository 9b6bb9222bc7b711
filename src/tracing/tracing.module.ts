import { Module } from '@nestjs/common';
import { NoopTracer } from './noop/noop-tracer.js';
import { Tracer } from './tracer.js';

/** Gives everyone the one {@link Tracer}. */
@Module({
  providers: [{ provide: Tracer, useClass: NoopTracer }],
  exports: [Tracer],
})
export class TracingModule {}
