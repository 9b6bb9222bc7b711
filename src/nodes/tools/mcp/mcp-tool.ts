import type { CallToolResult, JsonSchemaType, Tool } from '@modelcontextprotocol/client';
import { isJsonObject, type JsonObject } from '../../../kernel/index.js';
import { type AgentTool, type TaskContext, ToolError } from '../../../workflow/index.js';
import type { ListedTool } from '../toolbox.js';
import type { McpConnection } from './mcp-connection.js';

/** Most characters of a result that a model gets. */
const LONGEST_RESULT = 256 * 1024;
/** Most characters of a tool's description, and of its schema as JSON. */
export const LONGEST_DESCRIPTION = 8 * 1024;
export const LONGEST_SCHEMA = 64 * 1024;
/** Most faults of arguments that a model gets. */
const MOST_FAULTS = 10;

/**
 * Makes an agent's tool from one that a server has listed. Its schema goes to the model as it is.
 * @returns the reason for the log if it cannot be used
 */
export async function makeMcpTool(connection: McpConnection, listed: Tool): Promise<ToolParts | string> {
  const { name, inputSchema, description = '' } = listed;
  if (!isJsonObject(inputSchema) || inputSchema['type'] !== 'object') return 'its schema is not that of an object';
  if (measureSchema(inputSchema) > LONGEST_SCHEMA) return 'its schema is too long';
  const { fromJsonSchema } = await import('@modelcontextprotocol/client');
  const schema = compileInputSchema(inputSchema as JsonSchemaType, fromJsonSchema);
  if (schema === undefined) return 'its schema is not a valid JSON Schema';
  const check = schema['~standard'].validate;
  const tool: AgentTool = {
    name,
    description: description.slice(0, LONGEST_DESCRIPTION),
    argsType: undefined,
    timeout: connection.callMs,
    execute: async (args: object | void, { signal }: TaskContext): Promise<string> =>
      readResult(await connection.call(name, { ...args }, signal), connection.name),
  };
  return {
    tool,
    parameters: inputSchema,
    parse: async (text) => {
      const args = readArguments(text);
      const { issues } = await check(args);
      if (issues === undefined) return args;
      const faults = issues.slice(0, MOST_FAULTS).map(({ message }) => `- ${message}`);
      throw new ToolError(`the arguments do not fit.\n${faults.join('\n')}`);
    },
  };
}

/** Length of a schema as JSON, in characters; infinite if it is too deep to be written. */
function measureSchema(schema: object): number {
  try {
    return JSON.stringify(schema).length;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** A tool without the name that models call it by. */
export type ToolParts = Omit<ListedTool, 'name'>;

function compileInputSchema(
  schema: JsonSchemaType,
  fromJsonSchema: (schema: JsonSchemaType) => ReturnType<typeof import('@modelcontextprotocol/client').fromJsonSchema>,
): ReturnType<typeof fromJsonSchema> | undefined {
  try {
    const compiled = fromJsonSchema(schema);
    // Some faults show at the first use.
    void compiled['~standard'].validate({});
    return compiled;
  } catch {
    return undefined;
  }
}

export function readArguments(text: string): JsonObject {
  try {
    // Some models send an empty text for an object without properties.
    const args: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    if (isJsonObject(args)) return args;
  } catch {
    // The parser's message quotes the text.
  }
  throw new ToolError('the arguments are not a JSON object.');
}

/** A tool has reported a failure in its own words. */
export class McpToolError extends ToolError {}

/**
 * The text of a result for the model.
 * @throws ToolError if the result is an error or too long
 */
export function readResult(result: CallToolResult, server: string): string {
  const { content, structuredContent, isError } = result;
  const texts = content.map(describeBlock).filter((text) => text !== '');
  if (texts.length === 0 && structuredContent !== undefined) texts.push(JSON.stringify(structuredContent));
  const text = texts.join('\n');
  if (text.length > LONGEST_RESULT) {
    throw new ToolError(
      `the MCP server "${server}" gave a result of ${text.length} characters, and the limit is ${LONGEST_RESULT}. Ask for less.`,
    );
  }
  if (isError === true) throw new McpToolError(text === '' ? 'the tool failed, and did not say why.' : text);
  return text;
}

function describeBlock(block: CallToolResult['content'][number]): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'resource':
      return 'text' in block.resource ? block.resource.text : `[a file: ${block.resource.uri}]`;
    case 'resource_link':
      return `[${block.name}: ${block.uri}]`;
    case 'image':
    case 'audio':
      return `[${block.type}, ${block.mimeType}: models cannot receive it]`;
    default:
      return '';
  }
}

/** What no name of a function may hold. */
const FOREIGN = /[^A-Za-z0-9_-]/g;

/** The name of a tool for models: its own, or with that of its server before it if another tool has it. */
export function chooseName(listed: string, server: string, taken: ReadonlySet<string>): string {
  const own = listed.replaceAll(FOREIGN, '_').slice(0, 64);
  if (!taken.has(own)) return own;
  const base = `${server}_${own}`.slice(0, 60);
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
  return name;
}
