import { IsBoolean, IsOptional } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, Nested } from '../../../schema/index.js';
import { FormatName, FormatPurpose, FormatSchema } from '../shared-parts.js';

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
  @FormatName()
  readonly name: string;

  @FormatPurpose()
  readonly description?: string | null;

  @IsOptional()
  @FormatSchema()
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

/** The values of `response_format`. */
export type ResponseFormat = ResponseFormatText | ResponseFormatJsonObject | ResponseFormatJsonSchema;

/** Classes of formats by their `type`. */
export const RESPONSE_FORMATS = {
  text: ResponseFormatText,
  json_object: ResponseFormatJsonObject,
  json_schema: ResponseFormatJsonSchema,
};
