import { Module } from '@nestjs/common';
import { HttpModule, RunRoutes } from '../../http/index.js';
import { MetricsModule } from '../../metrics/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsDecoder } from './completions.decoder.js';
import { COMPLETIONS_PATH } from './completions.path.js';
import { CompletionsStreamer } from './completions.streamer.js';

/** The door of OpenAI's first protocol: `POST /v1/chat/completions`. */
@Module({
  imports: [HttpModule, MetricsModule, RunsModule, WireModule],
  controllers: [CompletionsController],
  providers: [CompletionsDecoder, CompletionsStreamer],
})
export class CompletionsModule {
  constructor(routes: RunRoutes) {
    routes.add(COMPLETIONS_PATH);
  }
}
