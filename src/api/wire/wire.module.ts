import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { RunsModule } from '../../runs/index.js';
import { IdempotentResponses } from './idempotency/idempotent-responses.service.js';
import { SharedResponses } from './idempotency/shared-responses.service.js';
import { JsonBodyReader } from './json-body-reader.service.js';
import { LogStreamer } from './log-stream/log.streamer.js';
import { ClientSegments } from './log-stream/client-segments.service.js';
import { RequestIntake } from './request-intake.service.js';
import { WaitAnswers } from './waits/wait-answers.service.js';
import { WholeResponses } from './whole-responses.service.js';

/** The parts shared by the doors: taking in a request, repeating a response, and streaming a log. */
@Module({
  imports: [AccessModule, RunsModule],
  providers: [
    IdempotentResponses,
    JsonBodyReader,
    LogStreamer,
    RequestIntake,
    SharedResponses,
    ClientSegments,
    WaitAnswers,
    WholeResponses,
  ],
  exports: [JsonBodyReader, LogStreamer, RequestIntake, ClientSegments, WholeResponses],
})
export class WireModule {}
