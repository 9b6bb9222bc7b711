import { isJsonObject, type JsonObject } from '../../kernel/index.js';
import type { ModelParameters } from '../chat-model.js';
import { SUM } from './reply.js';
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
 * Which tools the demo calls. `tool_choice` decides; where it leaves the choice to the model (`auto`, or absent), the demo
 * calls those that the newest message of the user names, or else the one that does what it asks for, unless it is the
 * answer to a tool that is due.
 */
export function chooseTools(parameters: ModelParameters, message: string, isAnswerDue: boolean): readonly Tool[] {
  const choice = isJsonObject(parameters.tool_choice)
    ? parameters.tool_choice
    : { type: parameters.tool_choice ?? 'auto' };
  const allowed = readObject(choice.allowed_tools);
  const allowedNames = readTools(allowed.tools).map(({ name }) => name);
  const type = choice.type === 'allowed_tools' ? allowed.mode : choice.type;
  const tools = readTools(parameters.tools).filter(
    ({ name }) => choice.type !== 'allowed_tools' || allowedNames.includes(name),
  );
  if (type === 'none' || (type === 'auto' && isAnswerDue)) return [];
  if (type === 'function' || type === 'custom') {
    const { name } = readObject(choice[type]);
    return tools.filter((tool) => tool.kind === type && tool.name === name).slice(0, 1);
  }
  const words = new Set(message.toLowerCase().split(/[^\w-]+/));
  const named = tools.filter(({ name }) => words.has(name.toLowerCase()));
  if (named.length > 0) return named.slice(0, parameters.parallel_tool_calls === false ? 1 : MOST_CALLS);
  const evidence = new Evidence(SUM.test(message) ? `${message} calculate` : message);
  const [best] = tools
    .map((tool) => ({ tool, score: evidence.scoreTool(tool.name, tool.description) }))
    .toSorted((a, b) => b.score - a.score);
  return best !== undefined && (best.score > 0 || type === 'required') ? [best.tool] : [];
}

function readTools(tools: unknown): Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.filter(isJsonObject).flatMap((tool): Tool[] => {
    const kind = tool.type === 'custom' ? 'custom' : 'function';
    const { name, description, parameters = { type: 'object' } } = readObject(tool[kind]);
    if (typeof name !== 'string' || name === '') return [];
    return [{ kind, name, description: typeof description === 'string' ? description : '', schema: parameters }];
  });
}

/** The value if it is a JSON object, else an empty one. */
export function readObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
