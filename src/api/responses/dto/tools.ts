import { IsArray, IsIn, IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, NotOffered, OrString } from '../../../schema/index.js';
import { CustomToolFields, CustomToolName, FunctionFields, FunctionName } from '../../wire/index.js';

@JSONSchema({ description: 'A function that the model may call; the client runs it.' })
class ResponseFunctionTool extends FunctionFields {
  @Always('function')
  readonly type: 'function';
}

@JSONSchema({ description: 'A tool that takes free text; the client runs it.' })
class ResponseCustomTool extends CustomToolFields {
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

/** Selects tools of an MCP server. */
export interface McpFilter {
  readonly tool_names?: readonly string[] | null;
  readonly read_only?: boolean | null;
}

/** Which tools of an MCP server need an approval. */
interface McpApprovalFilter {
  readonly always?: McpFilter | null;
  readonly never?: McpFilter | null;
}

const MCP_FILTER = {
  type: 'object' as const,
  properties: {
    tool_names: { type: 'array' as const, items: { type: 'string' as const } },
    read_only: { type: 'boolean' as const },
  },
};

@JSONSchema({
  description:
    'The tools of an MCP server, which this server calls for the model, if its operator allows that host (`MCP_ALLOWED_HOSTS`). ' +
    'Credentials are sent to that server alone, and with each request anew. `allowed_tools` says which tools models are ' +
    'offered: a list of names, or an object with `tool_names` and `read_only`.',
  additionalProperties: true,
  example: {
    type: 'mcp',
    server_label: 'docs',
    server_url: 'https://docs.example.com/mcp',
    require_approval: 'never',
  },
})
export class ResponseMcpTool {
  @Always('mcp')
  readonly type: 'mcp';

  @Matches(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, {
    message: 'begins with a letter, and consists of at most 64 letters, digits, _ and -',
  })
  @IsString()
  @JSONSchema({ description: 'Name of the server in calls of its tools.', example: 'docs' })
  readonly server_label: string;

  @IsOptional()
  @NotOffered('this server has no connectors. Send `server_url` instead.')
  @JSONSchema({ description: 'A connector of OpenAI, of which this server has none: leave it out.' })
  readonly connector_id?: null;

  @IsOptional()
  @NotOffered('this server has no tunnels. Send `server_url` instead.')
  @JSONSchema({ description: 'A tunnel of OpenAI, of which this server has none: leave it out.' })
  readonly tunnel_id?: null;

  @IsString()
  @JSONSchema({ description: 'Its address (Streamable HTTP).', example: 'https://docs.example.com/mcp' })
  readonly server_url: string;

  @IsOptional()
  @IsString()
  @MaxLength(1_000)
  @JSONSchema({ description: 'What the server is for. Models read it after the description of each of its tools.' })
  readonly server_description?: string | null;

  @IsOptional()
  @IsString()
  @MaxLength(16_384)
  @JSONSchema({
    description: 'An access token, sent to the server as a bearer token. It is in no response, and not stored.',
  })
  readonly authorization?: string | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'Sent to the server with each request. They are in no response, and not stored.',
    additionalProperties: { type: 'string' },
  })
  readonly headers?: Readonly<Record<string, string>> | null;

  // A list or an object, which no rule can express: it is checked by hand.
  readonly allowed_tools?: readonly string[] | McpFilter | null;

  @IsOptional()
  @OrString('always', 'never')
  @IsObject()
  @JSONSchema({
    description:
      'Calls that are made only if the client approves them: of all tools (`always`), of none (`never`), or by filters; a tool that fits neither filter needs an approval.',
    anyOf: [
      { type: 'string', enum: ['always', 'never'] },
      { type: 'object', properties: { always: MCP_FILTER, never: MCP_FILTER } },
    ],
    default: 'always',
  })
  readonly require_approval?: 'always' | 'never' | McpApprovalFilter | null;
}

@JSONSchema({ description: 'The model must call this function.' })
class ResponseFunctionChoice {
  @Always('function')
  readonly type: 'function';

  @FunctionName()
  readonly name: string;
}

@JSONSchema({ description: 'The model must call this custom tool.' })
class ResponseCustomChoice {
  @Always('custom')
  readonly type: 'custom';

  @CustomToolName()
  readonly name: string;
}

@JSONSchema({ description: 'The model must call a tool of this MCP server.' })
class ResponseMcpChoice {
  @Always('mcp')
  readonly type: 'mcp';

  @IsString()
  @JSONSchema({ description: 'Label of the server.' })
  readonly server_label: string;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'Name of the tool. Absent: any of the server.' })
  readonly name?: string | null;
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

/** A tool of another type than these is accepted, repeated in the response, and not offered to models. */
export type ResponseTool = ResponseFunctionTool | ResponseCustomTool | ResponseMcpTool | { readonly type: string };

/** The values of `tool_choice`. */
export type ResponseToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | ResponseFunctionChoice
  | ResponseCustomChoice
  | ResponseMcpChoice
  | ResponseAllowedTools;

/** Classes of the tools that models are offered, by their `type`. */
export const TOOLS = { function: ResponseFunctionTool, custom: ResponseCustomTool, mcp: ResponseMcpTool };

/** Classes of choices by their `type`. */
export const TOOL_CHOICES = {
  function: ResponseFunctionChoice,
  custom: ResponseCustomChoice,
  mcp: ResponseMcpChoice,
  allowed_tools: ResponseAllowedTools,
};
