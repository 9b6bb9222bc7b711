import { applyDecorators } from '@nestjs/common';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  MinLength,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, OneOf, OrString } from '../../../schema/index.js';
import {
  ASSISTANT_PARTS,
  type AssistantPart,
  SYSTEM_PARTS,
  type SystemPart,
  USER_PARTS,
  type UserPart,
} from './input-parts.js';
import { CustomToolInput, CustomToolName, FunctionName, InstructingRole } from '../../wire/index.js';

/** The id that the client has for an item. */
function ItemId(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Id of the item, if it has one. It is listed again, and refers to nothing.' }),
    IsString(),
    IsOptional(),
  );
}

function ItemStatus(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'How far the item is, such as `completed`. A call that is `incomplete` is left out.' }),
    IsString(),
    IsOptional(),
  );
}

function MessageType(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'May be left out: an item with a role is a message.' }),
    IsIn(['message']),
    IsOptional(),
  );
}

/** Links a call and its output. */
function CallId(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Id of the call; its output repeats it.', example: 'call_1' }),
    MinLength(1),
    IsString(),
  );
}

function OutputTextOrParts(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'The output of the tool: a text, or parts.' }),
    OneOf('type', USER_PARTS, { each: true }),
    IsArray(),
    OrString(),
  );
}

@JSONSchema({
  description: 'Instructions of the application for the model.',
  example: { type: 'message', role: 'developer', content: 'Answer in one sentence.' },
})
class InputSystemMessage {
  @MessageType()
  readonly type?: 'message' | null;

  @InstructingRole()
  readonly role: 'system' | 'developer';

  @OrString()
  @IsArray()
  @ArrayNotEmpty()
  @OneOf('type', SYSTEM_PARTS, { each: true })
  @JSONSchema({ description: 'The text, whole or in parts.' })
  readonly content: string | readonly SystemPart[];

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({
  description: 'A message of the user.',
  example: { type: 'message', role: 'user', content: 'Why is the sky blue?' },
})
class InputUserMessage {
  @MessageType()
  readonly type?: 'message' | null;

  @Always('user')
  readonly role: 'user';

  @OrString()
  @IsArray()
  @ArrayNotEmpty()
  @OneOf('type', USER_PARTS, { each: true })
  @JSONSchema({ description: 'The text, or parts: text, images, sound, files.' })
  readonly content: string | readonly UserPart[];

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({
  description: 'An earlier output of the model. All other fields of output items are accepted.',
  example: { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Air scatters blue most.' }] },
})
class InputAssistantMessage {
  @MessageType()
  readonly type?: 'message' | null;

  @Always('assistant')
  readonly role: 'assistant';

  @IsOptional()
  @OrString()
  @IsArray()
  @OneOf('type', ASSISTANT_PARTS, { each: true })
  @JSONSchema({ description: 'The text, whole or in parts, or a refusal.' })
  readonly content?: string | readonly AssistantPart[] | null;

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({
  description: 'A call of a function that the model made. The item with its output follows.',
  example: { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo"}' },
})
class InputFunctionCall {
  @Always('function_call')
  readonly type: 'function_call';

  @CallId()
  readonly call_id: string;

  @FunctionName()
  readonly name: string;

  @IsString()
  @JSONSchema({ description: 'The arguments as the model wrote them: JSON in a string.', example: '{"city":"Oslo"}' })
  readonly arguments: string;

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({
  description: 'The output of a function.',
  example: { type: 'function_call_output', call_id: 'call_1', output: '{"celsius":7}' },
})
class InputFunctionCallOutput {
  @Always('function_call_output')
  readonly type: 'function_call_output';

  @CallId()
  readonly call_id: string;

  @OutputTextOrParts()
  readonly output: string | readonly UserPart[];

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({ description: 'A call of a custom tool that the model made. The item with its output follows.' })
class InputCustomToolCall {
  @Always('custom_tool_call')
  readonly type: 'custom_tool_call';

  @CallId()
  readonly call_id: string;

  @CustomToolName()
  readonly name: string;

  @CustomToolInput()
  readonly input: string;

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({ description: 'The output of a custom tool.' })
class InputCustomToolCallOutput {
  @Always('custom_tool_call_output')
  readonly type: 'custom_tool_call_output';

  @CallId()
  readonly call_id: string;

  @OutputTextOrParts()
  readonly output: string | readonly UserPart[];

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({ description: 'Reasoning of the model. Accepted with any content, and not sent to models.' })
class InputReasoning {
  @Always('reasoning')
  readonly type: 'reasoning';
}

@JSONSchema({
  description: 'An item of an earlier, stored response of the same caller.',
  example: { type: 'item_reference', id: 'msg_1' },
})
class InputItemReference {
  @IsOptional()
  @IsIn(['item_reference'])
  @JSONSchema({ description: 'May be left out: an item with an id and no role is a reference.' })
  readonly type?: 'item_reference' | null;

  @IsString()
  @MinLength(1)
  @JSONSchema({ description: 'Id of the item.' })
  readonly id: string;
}

/** The label of an MCP server. */
function ServerLabel(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'Label of the MCP server.', example: 'docs' }), IsString());
}

@JSONSchema({
  description: 'The tools that an MCP server has listed. The server is not asked again in this conversation.',
  example: {
    type: 'mcp_list_tools',
    server_label: 'docs',
    tools: [{ name: 'search', input_schema: { type: 'object' } }],
  },
})
class InputMcpListTools {
  @Always('mcp_list_tools')
  readonly type: 'mcp_list_tools';

  @ServerLabel()
  readonly server_label: string;

  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({ description: 'The tools, each with `name`, `description`, `input_schema` and `annotations`.' })
  readonly tools: readonly JsonObject[];

  @ItemId()
  readonly id?: string | null;
}

@JSONSchema({
  description: 'A call of a tool of an MCP server, and its output.',
  example: { type: 'mcp_call', server_label: 'docs', name: 'search', arguments: '{"query":"snow"}', output: 'found' },
})
class InputMcpCall {
  @Always('mcp_call')
  readonly type: 'mcp_call';

  @ServerLabel()
  readonly server_label: string;

  @IsString()
  @JSONSchema({ description: 'Name of the tool.' })
  readonly name: string;

  @IsString()
  @JSONSchema({ description: 'Its arguments: JSON in a string.' })
  readonly arguments: string;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'The output of the tool.' })
  readonly output?: string | null;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'Id of the approval of the call.' })
  readonly approval_request_id?: string | null;

  @ItemId()
  readonly id?: string | null;

  @ItemStatus()
  readonly status?: string | null;
}

@JSONSchema({ description: 'A call of a tool of an MCP server that is made only if the client approves it.' })
class InputMcpApprovalRequest {
  @Always('mcp_approval_request')
  readonly type: 'mcp_approval_request';

  @IsString()
  @MinLength(1)
  @JSONSchema({ description: 'Id of the item, which the approval names.' })
  readonly id: string;

  @ServerLabel()
  readonly server_label: string;

  @IsString()
  @JSONSchema({ description: 'Name of the tool.' })
  readonly name: string;

  @IsString()
  @JSONSchema({ description: 'Its arguments: JSON in a string.' })
  readonly arguments: string;
}

@JSONSchema({
  description: 'Whether a call of a tool of an MCP server is approved.',
  example: { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true },
})
class InputMcpApprovalResponse {
  @Always('mcp_approval_response')
  readonly type: 'mcp_approval_response';

  @IsString()
  @MinLength(1)
  @JSONSchema({ description: 'Id of the item that asks for it.' })
  readonly approval_request_id: string;

  @IsBoolean()
  @JSONSchema({ description: 'True: the call is made; false: it is not, and the model is informed.' })
  readonly approve: boolean;

  @IsOptional()
  @IsString()
  @MaxLength(8_192)
  @JSONSchema({ description: 'Why. The model reads it if the call is not approved.' })
  readonly reason?: string | null;

  @ItemId()
  readonly id?: string | null;
}

/** Classes of messages by their `role`. */
export const MESSAGE_ROLES = {
  user: InputUserMessage,
  system: InputSystemMessage,
  developer: InputSystemMessage,
  assistant: InputAssistantMessage,
};

/** Classes of all other items that are read, by their `type`. */
export const ITEM_TYPES = {
  function_call: InputFunctionCall,
  function_call_output: InputFunctionCallOutput,
  custom_tool_call: InputCustomToolCall,
  custom_tool_call_output: InputCustomToolCallOutput,
  reasoning: InputReasoning,
  item_reference: InputItemReference,
  mcp_list_tools: InputMcpListTools,
  mcp_call: InputMcpCall,
  mcp_approval_request: InputMcpApprovalRequest,
  mcp_approval_response: InputMcpApprovalResponse,
};

/** Classes of all items, once each. */
export const INPUT_ITEMS = [...new Set([...Object.values(MESSAGE_ROLES), ...Object.values(ITEM_TYPES)])];
