import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { RunsModule } from '../../runs/index.js';
import { IdempotentResponses } from './idempotency/idempotent-responses.js';
import { SharedResponses } from './idempotency/shared-responses.js';
import { JsonBodyReader } from './json-body-reader.js';
import { LogStreamer } from './log-stream/log.streamer.js';
import { ToldSegments } from './log-stream/told-segments.js';
import { RequestIntake } from './request-intake.js';
import { WaitAnswers } from './waits/wait-answers.js';
import { WholeResponses } from './whole-responses.js';

/** What the doors share: how a request is taken in, how a response is repeated, and how a log is streamed. */
@Module({
  imports: [AccessModule, RunsModule],
  providers: [
    IdempotentResponses,
    JsonBodyReader,
    LogStreamer,
    RequestIntake,
    SharedResponses,
    ToldSegments,
    WaitAnswers,
    WholeResponses,
  ],
  exports: [JsonBodyReader, LogStreamer, RequestIntake, ToldSegments, WholeResponses],
})
export class WireModule {}
