import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { MetricsModule } from '../../metrics/index.js';
import { WorkflowModule } from '../../workflow/index.js';
import { ModelGraphController, ModelsController } from '../models/index.js';
import { JsonBodyReader } from '../wire/index.js';
import { CompletionsController } from './completions.controller.js';

/** OpenAI's routes: chat completions and models. */
@Module({
  imports: [AccessModule, MetricsModule, WorkflowModule],
  controllers: [CompletionsController, ModelGraphController, ModelsController],
  providers: [JsonBodyReader],
})
export class CompletionsModule {}
