import { Module } from '@nestjs/common';
import { Doors, HttpModule, RunRoutes } from '../../http/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsDecoder } from './completions.decoder.js';
import { COMPLETIONS_PATH } from './completions.path.js';
import { CompletionsStreamer } from './completions.streamer.js';

/** The door of OpenAI's chat completions: `POST /v1/chat/completions`. */
@Module({
  imports: [HttpModule, RunsModule, WireModule],
  providers: [CompletionsController, CompletionsDecoder, CompletionsStreamer],
})
export class CompletionsModule {
  constructor(doors: Doors, controller: CompletionsController, routes: RunRoutes) {
    doors.open(controller);
    routes.add(COMPLETIONS_PATH);
  }
}
