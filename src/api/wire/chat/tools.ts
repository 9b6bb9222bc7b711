import { IsArray, IsBoolean, IsIn, IsObject, IsOptional, IsString, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, Nested } from '../../../schema/index.js';

/** The description of a function in both protocols; one of them has it in an object of its own. */
export class FunctionFields {
  @IsString()
  @MinLength(1)
  @JSONSchema({ description: 'Name of the function.', example: 'get_weather' })
  readonly name: string;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'Explains to the model when and how to call it.', example: 'Weather of a city, now.' })
  readonly description?: string | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'JSON Schema of the arguments. Forwarded unread. Without it the function has none.',
    additionalProperties: true,
    example: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  })
  readonly parameters?: JsonObject | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Whether the arguments must follow the schema exactly.', default: false })
  readonly strict?: boolean | null;
}

@JSONSchema({ description: 'A function that the model may call; the client runs it.' })
class FunctionDefinition extends FunctionFields {}

@JSONSchema({ description: 'A function as a tool.' })
class FunctionTool {
  @Always('function')
  readonly type: 'function';

  @Nested(() => FunctionDefinition)
  @JSONSchema({ description: 'The function.' })
  readonly function: FunctionDefinition;
}

/** The description of a custom tool in both protocols. They write the form of its input differently. */
export class CustomToolFields {
  @IsString()
  @MinLength(1)
  @JSONSchema({ description: 'Name of the tool.', example: 'run_query' })
  readonly name: string;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'Explains to the model when and how to call it.' })
  readonly description?: string | null;
}

@JSONSchema({ description: 'A tool that takes free text; the client runs it.' })
class CustomToolDefinition extends CustomToolFields {
  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'The form of its input, such as a grammar. Forwarded unread.',
    additionalProperties: true,
  })
  readonly format?: JsonObject | null;
}

@JSONSchema({ description: 'A tool that takes free text.' })
class CustomTool {
  @Always('custom')
  readonly type: 'custom';

  @Nested(() => CustomToolDefinition)
  @JSONSchema({ description: 'The tool.' })
  readonly custom: CustomToolDefinition;
}

/** A tool that the client offers to the model. */
export type Tool = FunctionTool | CustomTool;

/** Classes of tools by their `type`. */
export const TOOLS = { function: FunctionTool, custom: CustomTool };

@JSONSchema({ description: 'Names a tool.' })
class ToolName {
  @IsString()
  @JSONSchema({ description: 'Name of the tool.', example: 'get_weather' })
  readonly name: string;
}

@JSONSchema({ description: 'The model must call this function.' })
class FunctionToolChoice {
  @Always('function')
  readonly type: 'function';

  @Nested(() => ToolName)
  @JSONSchema({ description: 'The function.' })
  readonly function: ToolName;
}

@JSONSchema({ description: 'The model must call this custom tool.' })
class CustomToolChoice {
  @Always('custom')
  readonly type: 'custom';

  @Nested(() => ToolName)
  @JSONSchema({ description: 'The tool.' })
  readonly custom: ToolName;
}

@JSONSchema({ description: 'Some of the tools, and whether one of them must be called.' })
class AllowedTools {
  @IsIn(['auto', 'required'])
  @JSONSchema({ description: '`auto`: the model may call one; `required`: it must.' })
  readonly mode: 'auto' | 'required';

  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({
    description: 'The tools, by type and name.',
    example: [{ type: 'function', function: { name: 'get_weather' } }],
  })
  readonly tools: readonly JsonObject[];
}

@JSONSchema({ description: 'The model may call some of the tools only.' })
class AllowedToolsChoice {
  @Always('allowed_tools')
  readonly type: 'allowed_tools';

  @Nested(() => AllowedTools)
  @JSONSchema({ description: 'The tools.' })
  readonly allowed_tools: AllowedTools;
}

/** The values of `tool_choice`. */
export type ToolChoice = 'none' | 'auto' | 'required' | FunctionToolChoice | CustomToolChoice | AllowedToolsChoice;

/** Classes of choices by their `type`. */
export const TOOL_CHOICES = {
  function: FunctionToolChoice,
  custom: CustomToolChoice,
  allowed_tools: AllowedToolsChoice,
};
