import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { IdempotentAnswers } from './idempotency/idempotent-answers.js';
import { SharedAnswers } from './idempotency/shared-answers.js';
import { JsonBodyReader } from './json-body-reader.js';

/** What the doors share: how a body is read, and how an answer is given again. */
@Module({
  imports: [AccessModule],
  providers: [IdempotentAnswers, JsonBodyReader, SharedAnswers],
  exports: [IdempotentAnswers, JsonBodyReader],
})
export class WireModule {}
