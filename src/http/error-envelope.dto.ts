import { IsArray, IsObject, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { ErrorType } from '../errors/index.js';
import type { JsonObject } from '../kernel/index.js';
import { Nested, OrAbsent, OrNull } from '../schema/index.js';

@JSONSchema({ description: 'An addition of Millrace: which of several steps failed.' })
class ErrorPlace {
  @IsString()
  @JSONSchema({
    description:
      'Key of the step that failed, as the graph of its workflow names it; for a step of a nested workflow, after the key of that workflow.',
    example: 'reply',
  })
  readonly node: string;
}

@JSONSchema({ description: 'What went wrong.' })
class ErrorBody {
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

  @OrAbsent()
  @Nested(() => ErrorPlace)
  @JSONSchema({ description: 'Absent if no step failed, or there is only one.' })
  readonly millrace?: ErrorPlace;
}

@JSONSchema({ description: 'What happened in the workflow before it failed.' })
class ErrorNews {
  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({
    description: 'The node events, as a stream would have sent them.',
    items: { type: 'object', additionalProperties: true },
  })
  readonly events: readonly JsonObject[];
}

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

  @OrAbsent()
  @Nested(() => ErrorNews)
  @JSONSchema({
    description: 'The node events that the client has asked for, if the run failed before its stream began.',
  })
  readonly millrace?: ErrorNews;
}
