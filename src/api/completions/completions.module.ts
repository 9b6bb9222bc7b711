import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Doors, HttpModule, RunRoutes } from '../../http/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsDecoder } from './completions.decoder.js';
import { COMPLETIONS_PATH } from './completions.path.js';
import { CompletionsStreamer } from './completions.streamer.js';
import { LoggedCompletions } from './logged/logged-completions.service.js';
import { StoredCompletionsController } from './stored-completions.controller.js';
import { LoggedCompletionsResponder } from './logged/logged-completions.responder.js';

/** The door of OpenAI's chat completions: `POST /v1/chat/completions`, and `GET` for those that are logged. */
@Module({
  imports: [AccessModule, HttpModule, RunsModule, WireModule],
  providers: [
    CompletionsController,
    CompletionsDecoder,
    CompletionsStreamer,
    LoggedCompletions,
    StoredCompletionsController,
    LoggedCompletionsResponder,
  ],
})
export class CompletionsModule {
  constructor(doors: Doors, controller: CompletionsController, logged: StoredCompletionsController, routes: RunRoutes) {
    doors.open(controller);
    doors.open(logged);
    routes.add(COMPLETIONS_PATH);
  }
}
