import { InvalidRequestError } from '../../errors/index.js';
import { assertNever, isPresent, type JsonObject } from '../../kernel/index.js';
import type { ModelParameters } from '../../models/index.js';
import type { CompiledWorkflow } from '../../workflow/index.js';
import type {
  ResponseAllowedTools,
  ResponseRequest,
  ResponseTool,
  ResponseToolChoice,
  TextFormat,
} from './dto/index.js';
import { dropNothing } from './items/input-content.js';
import { isMcp } from './mcp/requested-servers.js';

/** Parameters of a run, and the rest of the request. */
interface RunParameters {
  /** By their names in chat form, which steps know. */
  readonly parameters: ModelParameters;
  /** What was left out, for the log. */
  readonly leftOut: readonly string[];
}

/** Parameters with the same name and form in both protocols. */
const SAME_NAMES = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'metadata',
  'service_tier',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
] as const;

const WANTS_LOGPROBS = 'message.output_text.logprobs';

/**
 * Reads the parameters of a run from a request. Tools that this server does not run, and tools and formats that the
 * workflow does not take, are left out, unless the request demands them.
 * @throws InvalidRequestError for demands that cannot be met
 */
export function makeRunParameters(
  body: ResponseRequest,
  workflow: Pick<CompiledWorkflow, 'id' | 'takes' | 'waits'>,
): RunParameters {
  const leftOut: string[] = [];
  const { max_output_tokens, reasoning, text } = body;
  return {
    parameters: {
      ...dropNothing(Object.fromEntries(SAME_NAMES.map((name) => [name, body[name]]))),
      ...dropNothing({
        max_completion_tokens: max_output_tokens,
        reasoning_effort: reasoning?.effort,
        verbosity: text?.verbosity,
      }),
      ...makeResponseFormat(text?.format, workflow, leftOut),
      ...makeLogprobs(body, workflow),
      ...makeTools(body, workflow, leftOut),
    },
    leftOut,
  };
}

function makeResponseFormat(
  format: TextFormat | null | undefined,
  { id, takes }: Pick<CompiledWorkflow, 'id' | 'takes'>,
  leftOut: string[],
): object {
  if (!isPresent(format) || format.type === 'text') return {};
  if (!takes.has('response_format')) {
    if (format.type === 'json_schema') {
      throw makeUnsupportedValueError(
        'text.format',
        `The workflow \`${id}\` cannot return this format: its output has a form of its own.`,
      );
    }
    leftOut.push(`text.format ${format.type}`);
    return {};
  }
  if (format.type === 'json_object') return { response_format: { type: format.type } };
  const { name, description, schema, strict } = format;
  return {
    response_format: { type: format.type, json_schema: dropNothing({ name, description, schema, strict }) },
  };
}

/** Asked for by `include`, or by a number of alternatives. */
function makeLogprobs(
  { include, top_logprobs: alternatives }: ResponseRequest,
  { id, takes }: Pick<CompiledWorkflow, 'id' | 'takes'>,
): object {
  const isIncluded = include?.includes(WANTS_LOGPROBS) === true;
  const hasAlternatives = (alternatives ?? 0) > 0;
  if (!isIncluded && !hasAlternatives) return {};
  if (!takes.has('logprobs')) {
    throw makeUnsupportedValueError(
      isIncluded ? 'include' : 'top_logprobs',
      `The workflow \`${id}\` does not return log probabilities.`,
    );
  }
  return { logprobs: true, ...(hasAlternatives && { top_logprobs: alternatives }) };
}

function makeTools(
  { tools, tool_choice: choice, parallel_tool_calls: parallel }: ResponseRequest,
  { id, takes, waits }: Pick<CompiledWorkflow, 'id' | 'takes' | 'waits'>,
  leftOut: string[],
): object {
  const given = tools ?? [];
  const isTaken = takes.has('tools');
  const hasServers = isTaken && given.some(isMcp);
  const offered = given.flatMap((tool) => {
    // Clients declare a tool for each wait, so that their own code answers.
    const isWait = isFunction(tool) && waits.some(({ name }) => name === tool.name);
    const written = isTaken && !isWait ? writeTool(tool) : undefined;
    if (written === undefined && !(hasServers && isMcp(tool))) leftOut.push(describeTool(tool));
    return written === undefined ? [] : [written];
  });
  if (!isTaken && isDemand(choice)) {
    throw makeUnsupportedValueError(
      'tool_choice',
      `The workflow \`${id}\` does not pass tools on to its models, and \`tool_choice\` demands one.`,
    );
  }
  if (offered.length === 0 && !hasServers) return {};
  const chosen = hasServers
    ? chooseBesideServers(choice, offered)
    : { tools: offered, tool_choice: writeChoice(choice) };
  return dropNothing({ ...chosen, parallel_tool_calls: parallel });
}

/**
 * Tools, and the choice among them, if models have tools of MCP servers as well. The names of those are not known yet:
 * if a choice names one, only that one is offered.
 */
function chooseBesideServers(choice: ResponseToolChoice | null | undefined, offered: readonly object[]): object {
  const named = typeof choice === 'object' && choice !== null ? choice : undefined;
  const areNamed =
    named?.type === 'mcp' || (named?.type === 'allowed_tools' && named.tools.some(({ type }) => type === 'mcp'));
  if (!areNamed || named === undefined)
    return { ...(offered.length > 0 && { tools: offered }), tool_choice: writeChoice(choice) };
  if (named.type !== 'allowed_tools') return { tool_choice: 'required' };
  const names = new Set(named.tools.map(({ type, name }) => `${String(type)} ${String(name)}`));
  const tools = (offered as readonly Readonly<Record<string, unknown>>[]).filter((tool) => {
    const { name } = (tool['function'] ?? tool['custom']) as { readonly name: string };
    return names.has(`${String(tool['type'])} ${name}`);
  });
  return { ...(tools.length > 0 && { tools }), tool_choice: named.mode };
}

/** The tool in chat form; undefined for a tool that only others run. */
function writeTool(tool: ResponseTool): object | undefined {
  if (isFunction(tool)) {
    const { name, description, parameters, strict } = tool;
    return { type: 'function', function: dropNothing({ name, description, parameters, strict }) };
  }
  if (isCustom(tool)) {
    const { name, description, format } = tool;
    return { type: 'custom', custom: dropNothing({ name, description, format: format && writeCustomFormat(format) }) };
  }
  return undefined;
}

/** Grammars are a level deeper in chat form. */
function writeCustomFormat({ type, ...rest }: JsonObject): JsonObject {
  return type === 'grammar' ? { type, grammar: rest } : { type, ...rest };
}

function writeChoice(choice: ResponseToolChoice | null | undefined): unknown {
  if (typeof choice !== 'object' || choice === null) return choice;
  switch (choice.type) {
    case 'function':
      return { type: 'function', function: { name: choice.name } };
    case 'custom':
      return { type: 'custom', custom: { name: choice.name } };
    case 'allowed_tools':
      return writeAllowed(choice);
    // Where there is no such server, a check has refused it.
    case 'mcp':
      return 'required';
    default:
      return assertNever(choice);
  }
}

function writeAllowed({ mode, tools }: ResponseAllowedTools): unknown {
  const names = tools.flatMap(({ type, name }) =>
    type === 'function' || type === 'custom' ? [{ type, [type]: { name } }] : [],
  );
  // Only tools that others run may be called.
  return names.length === 0 ? 'none' : { type: 'allowed_tools', allowed_tools: { mode, tools: names } };
}

/** Whether a tool must be called. */
function isDemand(choice: ResponseToolChoice | null | undefined): boolean {
  if (typeof choice !== 'object' || choice === null) return choice === 'required';
  return choice.type !== 'allowed_tools' || choice.mode === 'required';
}

function isFunction(tool: ResponseTool): tool is Extract<ResponseTool, { readonly type: 'function' }> {
  return tool.type === 'function';
}

function isCustom(tool: ResponseTool): tool is Extract<ResponseTool, { readonly type: 'custom' }> {
  return tool.type === 'custom';
}

function describeTool(tool: ResponseTool): string {
  const { name } = tool as { readonly name?: unknown };
  return `tool ${[tool.type, ...(typeof name === 'string' ? [name] : [])].join(' ').slice(0, 64)}`;
}

function makeUnsupportedValueError(param: string, message: string): InvalidRequestError {
  return new InvalidRequestError(message, { param, code: 'unsupported_value' });
}
