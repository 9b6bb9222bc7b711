import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Logger,
  Module,
  type ModuleMetadata,
  Optional,
} from '@nestjs/common';
import { CompletionsModule } from '../api/completions/index.js';
import { McpModule } from '../api/mcp/index.js';
import { ModelsModule } from '../api/models/index.js';
import { ResponsesModule } from '../api/responses/index.js';
import { NativeRunsModule } from '../api/runs/index.js';
import { AppConfig, readModuleConfig } from '../config/index.js';
import { DocsModule } from '../docs/index.js';
import { ConfigurationError, StartUpError } from '../errors/index.js';
import { HealthModule } from '../health/index.js';
import { DoorsPlace } from '../http/index.js';
import { Clock, IdSource, isJsonObject, RandomIdSource, SystemClock } from '../kernel/index.js';
import { OwnModels, VENDORS } from '../models/index.js';
import { NodesModule } from '../nodes/index.js';
import { PlaygroundModule } from '../playground/index.js';
import { RunsModule } from '../runs/index.js';
import { findOptionFaults, MODULE_OPTION_NAMES } from './check-options.js';
import type { MillraceAsyncOptions, MillraceOptions } from './millrace-options.js';
import { OneModule } from './one-module.service.js';
import { ServedReport } from './served-report.service.js';

/** What an application has decided: the settings, checked, and where the routes are. */
interface ModuleParts {
  readonly config: AppConfig;
  readonly place: DoorsPlace;
  readonly models?: OwnModels;
}

const IN_OPTIONS = 'in its options';
const NO_FACTORY =
  'forRootAsync must be given useFactory, a function that returns the options. There is no useClass and no useExisting: name the class in inject, and call it in useFactory';
/** Nest shows its text where it cannot inject what `forRootAsync` asks for. */
const DECISION = Symbol('options of MillraceModule');
const PARTS = [
  CompletionsModule,
  DocsModule,
  HealthModule,
  McpModule,
  ModelsModule,
  NativeRunsModule,
  NodesModule,
  PlaygroundModule,
  ResponsesModule,
  RunsModule,
];

/** A module of the application imports `MillraceModule` itself, and not what `forRoot()` returns. */
class BareModuleError extends StartUpError {
  constructor() {
    super(
      "Millrace cannot start: a module imports MillraceModule without options. Write MillraceModule.forRoot() once, in the application's own module: it is global, so other modules need not import it.",
      [],
    );
  }
}

/**
 * All of Millrace but workflows: each application that has some imports it once, the service as well as any other. Workflows
 * are found in all modules of the application; they need not import this one.
 */
@Module({})
export class MillraceModule {
  /**
   * @internal
   * @throws StartUpError if the module was not made by one of the functions below
   */
  constructor(@Optional() @Inject(DECISION) decision?: object) {
    if (decision === undefined) throw new BareModuleError();
  }

  /**
   * Adds Millrace to an application.
   * @throws ConfigurationError, when the application starts, that lists every setting that is wrong
   */
  static forRoot(options: MillraceOptions = {}): DynamicModule {
    return compose({ useFactory: () => readModuleOptions(options) }, { providers: [ServedReport] });
  }

  /**
   * Adds Millrace with options that the application computes when it starts.
   * @throws ConfigurationError, when the application starts, that lists every setting that is wrong
   */
  static forRootAsync({ imports = [], inject = [], useFactory }: MillraceAsyncOptions): DynamicModule {
    const make = useFactory as ((...injected: unknown[]) => MillraceOptions | Promise<MillraceOptions>) | undefined;
    return compose(
      {
        inject: inject as NonNullable<FactoryProvider['inject']>,
        useFactory: async (...injected: unknown[]) => {
          if (typeof make !== 'function') throw new ConfigurationError([NO_FACTORY], IN_OPTIONS);
          return readModuleOptions(await make(...injected));
        },
      },
      { imports, providers: [ServedReport] },
    );
  }

  /**
   * @internal Adds Millrace with settings that were already read and checked: the service needs some of them to make
   * its server.
   */
  static forConfig(config: AppConfig, place: DoorsPlace): DynamicModule {
    return compose({ useFactory: () => ({ config, place }) });
  }
}

function readModuleOptions(options: MillraceOptions): ModuleParts {
  if (options instanceof Promise) {
    throw new ConfigurationError(
      ['The options are a promise. Use forRootAsync, whose factory may be async'],
      IN_OPTIONS,
    );
  }
  const given: unknown = options;
  if (!isJsonObject(given)) {
    throw new ConfigurationError(['The options must be an object; a factory of them must return one'], IN_OPTIONS);
  }
  const faults = findOptionFaults(options);
  const { path, watch, middleware, models, environment = process.env, ...settings } = options;
  // An application that passes its own variables rarely means that it is not in production.
  const variables = { ...environment, NODE_ENV: environment['NODE_ENV'] ?? process.env['NODE_ENV'] };
  const others = { names: MODULE_OPTION_NAMES, faults };
  const config = readModuleConfig(settings, variables, Object.values(VENDORS), others);
  const logger = new Logger('Config');
  for (const warning of config.warnings) logger.warn(warning);
  return {
    config,
    models: new OwnModels(models),
    place: new DoorsPlace(path, { ...(watch && { watches: true }), ...(middleware && { before: middleware }) }),
  };
}

/** Composes the module. It is global, so that modules with workflows need not import it. */
function compose(
  decision: Pick<FactoryProvider<ModuleParts | Promise<ModuleParts>>, 'inject' | 'useFactory'>,
  { imports = [], providers = [] }: Pick<ModuleMetadata, 'imports' | 'providers'> = {},
): DynamicModule {
  return {
    module: MillraceModule,
    global: true,
    imports: [...PARTS, ...imports],
    providers: [
      { provide: DECISION, ...decision },
      { provide: AppConfig, inject: [DECISION], useFactory: ({ config }: ModuleParts) => config },
      { provide: DoorsPlace, inject: [DECISION], useFactory: ({ place }: ModuleParts) => place },
      { provide: OwnModels, inject: [DECISION], useFactory: ({ models = new OwnModels() }: ModuleParts) => models },
      { provide: Clock, useClass: SystemClock },
      { provide: IdSource, useClass: RandomIdSource },
      OneModule,
      ...providers,
    ],
    exports: [AppConfig, Clock, DoorsPlace, IdSource, NodesModule, OwnModels, RunsModule],
  };
}
