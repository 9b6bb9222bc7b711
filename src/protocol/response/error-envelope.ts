import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { ErrorType } from '../../errors/index.js';
import { Nested, OrNull } from '../rules/decorators.js';

/** What went wrong, by OpenAI's field names. */
@JSONSchema({ description: 'What went wrong.' })
export class ErrorBody {
  @IsString()
  @JSONSchema({ description: 'What is wrong and what to do, for people.' })
  readonly message: string;

  @IsString()
  @JSONSchema({ description: 'Kind of the error.', example: 'invalid_request_error' })
  readonly type: ErrorType;

  @OrNull()
  @IsString()
  @JSONSchema({ description: 'Path of the parameter at fault, or null.', example: 'messages[0].role' })
  readonly param: string | null;

  @OrNull()
  @IsString()
  @JSONSchema({ description: 'Stable word that a program can branch on, or null.', example: 'invalid_value' })
  readonly code: string | null;
}

/** Body of every answer that reports an error, and the last event of a stream that failed. */
@JSONSchema({
  description: 'Body of every error, and the event that ends a stream which failed.',
  example: {
    error: {
      message: "Missing required parameter: 'messages'.",
      type: 'invalid_request_error',
      param: 'messages',
      code: 'missing_required_parameter',
    },
  },
})
export class ErrorEnvelope {
  @Nested(() => ErrorBody)
  @JSONSchema({ description: 'The error.' })
  readonly error: ErrorBody;
}
