import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { WorkflowModule } from '../../workflow/index.js';
import { GraphsController } from './graphs.controller.js';
import { ModelsController } from './models.controller.js';

/** The door to what there is: `GET /v1/models`, and the graphs of workflows. */
@Module({ imports: [AccessModule, WorkflowModule], controllers: [GraphsController, ModelsController] })
export class ModelsModule {}
