import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { CompletionsModule } from '../api/completions/index.js';
import { ModelsModule } from '../api/models/index.js';
import { AppConfig } from '../config/index.js';
import { DocsModule } from '../docs/index.js';
import { HealthModule } from '../health/index.js';
import { DoorsPlace } from '../http/index.js';
import { Clock, IdSource, RandomIdSource, SystemClock } from '../kernel/index.js';
import { NodesModule } from '../nodes/index.js';
import { PlaygroundModule } from '../playground/index.js';
import { RunsModule } from '../runs/index.js';

/** Where the two things come from that every module can inject beside the clock and the source of ids. */
interface Settings extends Pick<ModuleMetadata, 'imports'> {
  /** Of {@link AppConfig} and {@link DoorsPlace}. */
  readonly providers: readonly Provider[];
}

/** All of Millrace but workflows: the applications that have some import it, the service as well as any other. */
@Module({
  imports: [CompletionsModule, DocsModule, HealthModule, ModelsModule, NodesModule, PlaygroundModule, RunsModule],
  exports: [NodesModule, RunsModule],
})
export class MillraceModule {
  /** @param config the settings, already checked */
  static configured(config: AppConfig, place: DoorsPlace): DynamicModule {
    return compose({
      providers: [
        { provide: AppConfig, useValue: config },
        { provide: DoorsPlace, useValue: place },
      ],
    });
  }
}

/** The one composition. It is global, so that modules with workflows need not import it. */
function compose({ imports = [], providers }: Settings): DynamicModule {
  return {
    module: MillraceModule,
    global: true,
    imports,
    providers: [
      ...providers,
      { provide: Clock, useClass: SystemClock },
      { provide: IdSource, useClass: RandomIdSource },
    ],
    exports: [AppConfig, Clock, DoorsPlace, IdSource],
  };
}
