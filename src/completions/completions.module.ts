import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { MetricsModule } from '../metrics/index.js';
import { WorkflowModule } from '../workflow/index.js';
import { CompletionsController } from './completions.controller.js';
import { JsonBodyReader } from './json-body-reader.js';
import { ModelGraphController } from './model-graph.controller.js';
import { ModelsController } from './models.controller.js';

/** OpenAI's routes: chat completions and models. */
@Module({
  imports: [AccessModule, MetricsModule, WorkflowModule],
  controllers: [CompletionsController, ModelGraphController, ModelsController],
  providers: [JsonBodyReader],
})
export class CompletionsModule {}
