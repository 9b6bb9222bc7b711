import { IsBoolean, IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, Nested } from '../../../schema/index.js';

@JSONSchema({ description: 'The completion is plain text.' })
class ResponseFormatText {
  @Always('text')
  readonly type: 'text';
}

@JSONSchema({ description: 'The completion is a JSON object, whose form only the messages describe.' })
class ResponseFormatJsonObject {
  @Always('json_object')
  readonly type: 'json_object';
}

@JSONSchema({ description: 'A named JSON Schema.' })
class NamedJsonSchema {
  @IsString()
  @MaxLength(64)
  @Matches(/^[A-Za-z0-9_-]+$/)
  @JSONSchema({ description: 'Name of the format.', example: 'weather' })
  readonly name: string;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'Tells the model what the format is for.' })
  readonly description?: string | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'The schema. Forwarded unread.',
    additionalProperties: true,
    example: { type: 'object', properties: { celsius: { type: 'number' } }, required: ['celsius'] },
  })
  readonly schema?: JsonObject | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Whether the completion must follow the schema exactly.', default: false })
  readonly strict?: boolean | null;
}

@JSONSchema({ description: 'The completion is JSON that follows a schema.' })
class ResponseFormatJsonSchema {
  @Always('json_schema')
  readonly type: 'json_schema';

  @Nested(() => NamedJsonSchema)
  @JSONSchema({ description: 'The schema.' })
  readonly json_schema: NamedJsonSchema;
}

/** The form of the completion. */
export type ResponseFormat = ResponseFormatText | ResponseFormatJsonObject | ResponseFormatJsonSchema;

/** Classes of formats by their `type`. */
export const RESPONSE_FORMATS = {
  text: ResponseFormatText,
  json_object: ResponseFormatJsonObject,
  json_schema: ResponseFormatJsonSchema,
};
