import { isJsonObject } from '../../kernel/index.js';
import type { ModelParameters } from '../chat-model.js';
import { SUM } from './reply.js';
import { asList, readObject } from './schema-check.js';
import { Evidence } from './words.js';

/** Calls in one answer: more are no sensible wish, and each costs work. */
const MOST_CALLS = 10;

/** A tool of the client. */
export interface Tool {
  readonly kind: 'function' | 'custom';
  readonly name: string;
  readonly description: string;
  /** JSON schema of a function's arguments; a custom tool takes text. */
  readonly schema: unknown;
}

/**
 * Which tools the demo calls. `tool_choice` decides; where it is `auto` or absent, those that the newest message of the
 * user names, or else the one that does what it asks for, unless the answer to a tool is due.
 */
export function chooseTools(parameters: ModelParameters, message: string, isAnswerDue: boolean): readonly Tool[] {
  const { tool_choice, parallel_tool_calls } = parameters;
  const choice = isJsonObject(tool_choice) ? tool_choice : { type: tool_choice ?? 'auto' };
  const allowed = choice.type === 'allowed_tools' ? readObject(choice.allowed_tools) : undefined;
  const allowedNames = allowed && readTools(allowed.tools).map(({ name }) => name);
  const type = allowed === undefined ? choice.type : allowed.mode;
  const tools = readTools(parameters.tools).filter(({ name }) => allowedNames?.includes(name) ?? true);
  if (type === 'none' || (type === 'auto' && isAnswerDue)) return [];
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

function readTools(value: unknown): Tool[] {
  const tools = asList(value).filter(isJsonObject);
  return tools.flatMap((tool): Tool[] => {
    const kind = tool.type === 'custom' ? 'custom' : 'function';
    const { name, description, parameters = { type: 'object' } } = readObject(tool[kind]);
    if (typeof name !== 'string' || name === '') return [];
    return [{ kind, name, description: typeof description === 'string' ? description : '', schema: parameters }];
  });
}
