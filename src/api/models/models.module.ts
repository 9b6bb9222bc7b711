import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Doors, HttpModule } from '../../http/index.js';
import { WorkflowModule } from '../../workflow/index.js';
import { GraphsController } from './graphs.controller.js';
import { ModelsController } from './models.controller.js';

/** The door that lists workflows: `GET /v1/models`, and their graphs. */
@Module({ imports: [AccessModule, HttpModule, WorkflowModule], providers: [GraphsController, ModelsController] })
export class ModelsModule {
  constructor(doors: Doors, graphs: GraphsController, models: ModelsController) {
    // Graphs come first: an id can hold slashes, so the routes of models would take all of `a/b/graph` for an id.
    doors.open(graphs);
    doors.open(models);
  }
}
