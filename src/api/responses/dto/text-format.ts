import { IsBoolean, IsIn, IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, OneOf } from '../../../schema/index.js';
import { FormatName, FormatPurpose, FormatSchema } from '../../wire/index.js';

@JSONSchema({ description: 'The answer is plain text.' })
class TextFormatText {
  @Always('text')
  readonly type: 'text';
}

@JSONSchema({ description: 'The answer is a JSON object, whose form only the input tells.' })
class TextFormatJsonObject {
  @Always('json_object')
  readonly type: 'json_object';
}

@JSONSchema({ description: 'The answer is JSON that follows a schema.' })
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
  @JSONSchema({ description: 'Whether the answer must follow the schema exactly.', default: false })
  readonly strict?: boolean | null;
}

export type TextFormat = TextFormatText | TextFormatJsonObject | TextFormatJsonSchema;

const TEXT_FORMATS = { text: TextFormatText, json_object: TextFormatJsonObject, json_schema: TextFormatJsonSchema };

@JSONSchema({ description: 'The form of the answer.' })
export class ResponseText {
  readonly [option: string]: unknown;

  @IsOptional()
  @OneOf('type', TEXT_FORMATS)
  @JSONSchema({
    description:
      'Whether the answer is text or JSON. A workflow whose answer has a form of its own keeps that form, and refuses a schema.',
  })
  readonly format?: TextFormat | null;

  @IsOptional()
  @IsIn(['low', 'medium', 'high'])
  @JSONSchema({ description: 'How much the model says; forwarded.' })
  readonly verbosity?: 'low' | 'medium' | 'high' | null;
}

@JSONSchema({ description: 'How a reasoning model thinks. Others than these are accepted and do nothing.' })
export class ResponseReasoning {
  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'How long it thinks; forwarded.', example: 'medium' })
  readonly effort?: string | null;

  @IsOptional()
  @IsIn(['auto', 'concise', 'detailed'])
  @JSONSchema({ description: 'Accepted. Thoughts that a visible step speaks are sent in any case.' })
  readonly summary?: string | null;

  @IsOptional()
  @IsIn(['auto', 'concise', 'detailed'])
  @JSONSchema({ description: 'Older name of `summary`.', deprecated: true })
  readonly generate_summary?: string | null;
}

@JSONSchema({ description: 'Options of a streamed answer. Others than this are accepted and do nothing.' })
export class ResponseStreamOptions {
  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Accepted; this server never pads its events.' })
  readonly include_obfuscation?: boolean | null;
}
