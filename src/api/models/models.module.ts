import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Doors, HttpModule } from '../../http/index.js';
import { WorkflowModule } from '../../workflow/index.js';
import { GraphsController } from './graphs.controller.js';
import { ModelsController } from './models.controller.js';

/** The door to what there is: `GET /v1/models`, and the graphs of workflows. */
@Module({ imports: [AccessModule, HttpModule, WorkflowModule], providers: [GraphsController, ModelsController] })
export class ModelsModule {
  constructor(doors: Doors, graphs: GraphsController, models: ModelsController) {
    // An id can hold slashes: the routes of the models would take `a/b/graph` for an id as a whole.
    doors.open(graphs);
    doors.open(models);
  }
}
