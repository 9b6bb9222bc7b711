import { isJsonObject } from '../../kernel/index.js';
import type { ModelParameters } from '../chat-model.js';
import { SUM } from './reply.js';
import { readList, readObject } from './schema-check.js';
import { Evidence } from './words.js';

/** Most tool calls in one output, as each costs work. */
const MOST_CALLS = 10;

/** A tool of the client. */
export interface OfferedTool {
  readonly kind: 'function' | 'custom';
  readonly name: string;
  readonly description: string;
  /** JSON schema of a function's arguments; unused for a custom tool, which takes text. */
  readonly schema: unknown;
}

/**
 * Chooses the tools that the demo calls. `tool_choice` decides. If it is `auto` or absent, these are the tools that the
 * user's newest message names, or otherwise the one that does what the message asks for.
 * @param hasResults whether the results of tools are the newest messages: then `auto` calls none
 */
export function chooseTools(parameters: ModelParameters, message: string, hasResults: boolean): readonly OfferedTool[] {
  const { tool_choice, parallel_tool_calls } = parameters;
  const choice = isJsonObject(tool_choice) ? tool_choice : { type: tool_choice ?? 'auto' };
  const allowed = choice.type === 'allowed_tools' ? readObject(choice.allowed_tools) : undefined;
  const allowedNames = allowed && readTools(allowed.tools).map(({ name }) => name);
  const type = allowed === undefined ? choice.type : allowed.mode;
  const tools = readTools(parameters.tools).filter(({ name }) => allowedNames?.includes(name) ?? true);
  if (type === 'none' || (type === 'auto' && hasResults)) return [];
  if (type === 'function' || type === 'custom') {
    const { name } = readObject(choice[type]);
    return tools.filter((tool) => tool.kind === type && tool.name === name).slice(0, 1);
  }
  const words = new Set(message.toLowerCase().split(/[^\w-]+/));
  const named = tools.filter(({ name }) => words.has(name.toLowerCase()));
  if (named.length > 0) return named.slice(0, parallel_tool_calls === false ? 1 : MOST_CALLS);
  const evidence = new Evidence(SUM.test(message) ? `${message} calculate` : message);
  const [best] = tools
    .map((tool) => ({ tool, score: evidence.scoreTool(tool.name, tool.description) }))
    .toSorted((a, b) => b.score - a.score);
  return best !== undefined && (best.score > 0 || type === 'required') ? [best.tool] : [];
}

function readTools(value: unknown): OfferedTool[] {
  const tools = readList(value).filter(isJsonObject);
  return tools.flatMap((tool): OfferedTool[] => {
    const kind = tool.type === 'custom' ? 'custom' : 'function';
    const { name, description, parameters = { type: 'object' } } = readObject(tool[kind]);
    if (typeof name !== 'string' || name === '') return [];
    return [{ kind, name, description: typeof description === 'string' ? description : '', schema: parameters }];
  });
}
