import { Module } from '@nestjs/common';
import { Doors, HttpModule, RunRoutes } from '../../http/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { KeptResponses } from './kept-responses.js';
import { ResponsesCollector } from './responses.collector.js';
import { ResponsesController } from './responses.controller.js';
import { ResponsesDecoder } from './responses.decoder.js';
import { RESPONSES_PATH } from './responses.path.js';
import { ResponsesStreamer } from './responses.streamer.js';
import { NoResponseState } from './state/no-response-state.js';
import { ResponseState } from './state/response-state.js';

/** The door of OpenAI's second protocol: `POST /v1/responses`. */
@Module({
  imports: [HttpModule, RunsModule, WireModule],
  providers: [
    KeptResponses,
    ResponsesCollector,
    ResponsesController,
    ResponsesDecoder,
    ResponsesStreamer,
    { provide: ResponseState, useClass: NoResponseState },
  ],
})
export class ResponsesModule {
  constructor(doors: Doors, controller: ResponsesController, routes: RunRoutes) {
    doors.open(controller);
    routes.add(RESPONSES_PATH);
  }
}
