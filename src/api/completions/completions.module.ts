import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { MetricsModule } from '../../metrics/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { CompletionsController } from './completions.controller.js';

/** The door of OpenAI's first protocol: `POST /v1/chat/completions`. */
@Module({ imports: [AccessModule, MetricsModule, RunsModule, WireModule], controllers: [CompletionsController] })
export class CompletionsModule {}
