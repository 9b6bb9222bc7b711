import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Always, Nested } from '../../../schema/index.js';
import { CustomToolInput, CustomToolName, FunctionName } from '../shared-parts.js';

@JSONSchema({ description: 'A function and its arguments.' })
export class CalledFunction {
  @FunctionName()
  readonly name: string;

  @IsString()
  @JSONSchema({
    description: 'The arguments as the model wrote them: JSON in a string, not always valid.',
    example: '{"city":"Oslo"}',
  })
  readonly arguments: string;
}

@JSONSchema({ description: "A call of one of the client's functions." })
class FunctionToolCall {
  @IsString()
  @JSONSchema({ description: 'Id of the call; the `tool` message that answers it repeats it.', example: 'call_1' })
  readonly id: string;

  @Always('function')
  readonly type: 'function';

  @Nested(() => CalledFunction)
  @JSONSchema({ description: 'The function that is called.' })
  readonly function: CalledFunction;
}

@JSONSchema({ description: 'A custom tool and its input.' })
class CalledCustomTool {
  @CustomToolName()
  readonly name: string;

  @CustomToolInput()
  readonly input: string;
}

@JSONSchema({ description: "A call of one of the client's custom tools." })
class CustomToolCall {
  @IsString()
  @JSONSchema({ description: 'Id of the call; the `tool` message that answers it repeats it.', example: 'call_1' })
  readonly id: string;

  @Always('custom')
  readonly type: 'custom';

  @Nested(() => CalledCustomTool)
  @JSONSchema({ description: 'The tool that is called.' })
  readonly custom: CalledCustomTool;
}

/** A call of one of the client's tools. */
export type ToolCall = FunctionToolCall | CustomToolCall;

/** Classes of calls by their `type`. */
export const TOOL_CALLS = { function: FunctionToolCall, custom: CustomToolCall };
