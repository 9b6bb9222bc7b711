import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { API_ROOT, DoorsPlace } from '../http/index.js';
import { ModelProviders } from '../models/index.js';
import { WorkflowRegistry } from '../workflow/index.js';
import { describeModels } from './describe-models.js';

/** A workflow that no module provides is not found, and nothing else would say so. */
const NO_WORKFLOWS =
  'No module provides a workflow, so there is no model to ask for. Add a class with @Workflow to the providers of a module that the application imports.';

/** Logs what Millrace serves in an application, and which models answer: the demo must not go unnoticed. */
@Injectable()
export class ServedReport implements OnApplicationBootstrap {
  readonly #logger = new Logger('Millrace');

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly place: DoorsPlace,
    private readonly registry: WorkflowRegistry,
    private readonly providers: ModelProviders,
  ) {}

  onApplicationBootstrap(): void {
    // Without a server, nothing is served.
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    const used = this.providers.listUsed().map(({ description }) => description);
    if (this.registry.list().length === 0) this.#logger.warn(NO_WORKFLOWS);
    else this.#logger.log(`Models: ${describeModels(this.registry)}, at ${this.place.path}${API_ROOT}`);
    this.#logger.log(`Providers: ${used.length === 0 ? 'none; no workflow asks a model' : used.join('; ')}`);
  }
}
