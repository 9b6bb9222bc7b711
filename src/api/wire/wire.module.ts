import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { RunsModule } from '../../runs/index.js';
import { IdempotentAnswers } from './idempotency/idempotent-answers.js';
import { SharedAnswers } from './idempotency/shared-answers.js';
import { JsonBodyReader } from './json-body-reader.js';
import { RequestIntake } from './request-intake.js';

/** What the doors share: how a request is taken in, and how an answer is given again. */
@Module({
  imports: [AccessModule, RunsModule],
  providers: [IdempotentAnswers, JsonBodyReader, RequestIntake, SharedAnswers],
  exports: [IdempotentAnswers, RequestIntake],
})
export class WireModule {}
