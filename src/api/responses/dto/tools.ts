import { IsArray, IsIn, IsObject, IsOptional } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always } from '../../../schema/index.js';
import { CustomToolFields, CustomToolName, FunctionFields, FunctionName } from '../../wire/index.js';

@JSONSchema({ description: 'A function that the model may call; the client runs it.' })
export class ResponseFunctionTool extends FunctionFields {
  @Always('function')
  readonly type: 'function';
}

@JSONSchema({ description: 'A tool that takes free text; the client runs it.' })
export class ResponseCustomTool extends CustomToolFields {
  @Always('custom')
  readonly type: 'custom';

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'The form of its input: `text`, or a `grammar`. Forwarded.',
    additionalProperties: true,
    example: { type: 'grammar', syntax: 'regex', definition: '[a-z]+' },
  })
  readonly format?: JsonObject | null;
}

@JSONSchema({ description: 'The model must call this function.' })
export class ResponseFunctionChoice {
  @Always('function')
  readonly type: 'function';

  @FunctionName()
  readonly name: string;
}

@JSONSchema({ description: 'The model must call this custom tool.' })
export class ResponseCustomChoice {
  @Always('custom')
  readonly type: 'custom';

  @CustomToolName()
  readonly name: string;
}

@JSONSchema({ description: 'The model may call some of the tools only.' })
export class ResponseAllowedTools {
  @Always('allowed_tools')
  readonly type: 'allowed_tools';

  @IsIn(['auto', 'required'])
  @JSONSchema({ description: '`auto`: the model may call one; `required`: it must.' })
  readonly mode: 'auto' | 'required';

  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({ description: 'The tools, by type and name.', example: [{ type: 'function', name: 'get_weather' }] })
  readonly tools: readonly JsonObject[];
}

/** A tool of any other type is accepted, returned in the response, and not offered to models. */
export type ResponseTool = ResponseFunctionTool | ResponseCustomTool | { readonly type: string };

/** Whether and which tool the model calls. */
export type ResponseToolChoice =
  'none' | 'auto' | 'required' | ResponseFunctionChoice | ResponseCustomChoice | ResponseAllowedTools;

/** Classes of the tools that are offered to models, by their `type`. */
export const TOOLS = { function: ResponseFunctionTool, custom: ResponseCustomTool };

/** Classes of choices by their `type`. */
export const TOOL_CHOICES = {
  function: ResponseFunctionChoice,
  custom: ResponseCustomChoice,
  allowed_tools: ResponseAllowedTools,
};
