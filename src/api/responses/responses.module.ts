import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Doors, HttpModule, RunRoutes } from '../../http/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { KeptResponses } from './kept-responses.service.js';
import { LoggedResponses } from './logged/logged-responses.service.js';
import { LoggedResponsesResponder } from './logged/logged-responses.responder.js';
import { ResponseLog } from './logged/response-log.service.js';
import { ResponsesCollector } from './responses.collector.js';
import { ResponsesController } from './responses.controller.js';
import { ResponsesDecoder } from './responses.decoder.js';
import { RESPONSES_PATH } from './responses.path.js';
import { ResponsesStreamer } from './responses.streamer.js';
import { ResponseState } from './state/response-state.js';
import { StoredResponseState } from './state/stored-response-state.service.js';
import { StoredResponsesController } from './stored-responses.controller.js';

/** The door of OpenAI's second protocol: `POST /v1/responses`, and stored responses. */
@Module({
  imports: [AccessModule, HttpModule, RunsModule, WireModule],
  providers: [
    KeptResponses,
    LoggedResponses,
    LoggedResponsesResponder,
    ResponseLog,
    ResponsesCollector,
    ResponsesController,
    ResponsesDecoder,
    ResponsesStreamer,
    StoredResponsesController,
    { provide: ResponseState, useClass: StoredResponseState },
  ],
})
export class ResponsesModule {
  constructor(doors: Doors, controller: ResponsesController, stored: StoredResponsesController, routes: RunRoutes) {
    doors.open(controller);
    doors.open(stored);
    routes.add(RESPONSES_PATH);
  }
}
