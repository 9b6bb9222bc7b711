import { IsBoolean, IsIn, IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, OneOf } from '../../../schema/index.js';
import { FormatName, FormatPurpose, FormatSchema } from '../../wire/index.js';

@JSONSchema({ description: 'The output is plain text.' })
class TextFormatText {
  @Always('text')
  readonly type: 'text';
}

@JSONSchema({ description: 'The output is a JSON object, whose form only the input describes.' })
class TextFormatJsonObject {
  @Always('json_object')
  readonly type: 'json_object';
}

@JSONSchema({ description: 'The output is JSON that follows a schema.' })
class TextFormatJsonSchema {
  @Always('json_schema')
  readonly type: 'json_schema';

  @FormatName()
  readonly name: string;

  @FormatPurpose()
  readonly description?: string | null;

  @FormatSchema()
  readonly schema: JsonObject;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Whether the output must follow the schema exactly.', default: false })
  readonly strict?: boolean | null;
}

export type TextFormat = TextFormatText | TextFormatJsonObject | TextFormatJsonSchema;

const TEXT_FORMATS = { text: TextFormatText, json_object: TextFormatJsonObject, json_schema: TextFormatJsonSchema };

@JSONSchema({ description: 'The form of the output.' })
export class ResponseText {
  readonly [option: string]: unknown;

  @IsOptional()
  @OneOf('type', TEXT_FORMATS)
  @JSONSchema({
    description:
      'Whether the output is text or JSON. A workflow whose output has a form of its own keeps that form, and refuses a schema.',
  })
  readonly format?: TextFormat | null;

  @IsOptional()
  @IsIn(['low', 'medium', 'high'])
  @JSONSchema({ description: 'How long the output is; forwarded.' })
  readonly verbosity?: 'low' | 'medium' | 'high' | null;
}

@JSONSchema({ description: 'How a reasoning model thinks. Other fields are accepted and have no effect.' })
export class ResponseReasoning {
  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'How long it thinks; forwarded.', example: 'medium' })
  readonly effort?: string | null;

  @IsOptional()
  @IsIn(['auto', 'concise', 'detailed'])
  @JSONSchema({ description: 'Accepted. Reasoning of visible steps is always sent.' })
  readonly summary?: string | null;

  @IsOptional()
  @IsIn(['auto', 'concise', 'detailed'])
  @JSONSchema({ description: 'Older name of `summary`.', deprecated: true })
  readonly generate_summary?: string | null;
}

@JSONSchema({ description: 'Options of a streamed response. Other options are accepted and have no effect.' })
export class ResponseStreamOptions {
  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Accepted; this server never pads its events.' })
  readonly include_obfuscation?: boolean | null;
}
