import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { API_ROOT, DoorsPlace } from '../http/index.js';
import { ModelProviders } from '../models/index.js';
import { WorkflowRegistry } from '../workflow/index.js';
import { describeModels } from './describe-models.js';

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
    this.#logger.log(`Models: ${describeModels(this.registry)}, at ${this.place.path}${API_ROOT}`);
    this.#logger.log(`Providers: ${used.length === 0 ? 'none; no workflow asks a model' : used.join('; ')}`);
  }
}
