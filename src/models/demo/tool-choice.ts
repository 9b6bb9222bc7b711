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
  /** JSON schema of a function's arguments; undefined for a custom tool, which takes text. */
  readonly schema: unknown;
}

/**
 * Which tools the demo calls. `tool_choice` decides; where it leaves the choice to the model (`auto`, or absent), the demo
 * calls those that the newest message of the user names, or else the one that does what it asks for, unless it is the
 * answer to a tool that is due.
 */
export function chooseTools(parameters: ModelParameters, message: string, isAnswerDue: boolean): readonly Tool[] {
  const choice = asObject(parameters.tool_choice) ?? { type: parameters.tool_choice ?? 'auto' };
  const allowed = asObject(choice.allowed_tools);
  const type = choice.type === 'allowed_tools' ? allowed?.mode : choice.type;
  const tools = readTools(parameters.tools).filter(
    ({ name }) => allowed === undefined || readTools(allowed.tools).some((tool) => tool.name === name),
  );
  if (type === 'none' || (type === 'auto' && isAnswerDue)) return [];
  if (type === 'function' || type === 'custom') {
    const name = asObject(choice[type])?.name;
    return tools.filter((tool) => tool.kind === type && tool.name === name).slice(0, 1);
  }
  const named = tools.filter(({ name }) => isNamed(name, message));
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
    const { name, description, parameters } = asObject(tool[kind]) ?? {};
    if (typeof name !== 'string' || name === '') return [];
    const schema = kind === 'function' ? (parameters ?? { type: 'object' }) : undefined;
    return [{ kind, name, description: typeof description === 'string' ? description : '', schema }];
  });
}

function isNamed(name: string, message: string): boolean {
  const text = message.toLowerCase();
  const wanted = name.toLowerCase();
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    if (!/[\w-]/.test(text.charAt(at - 1)) && !/[\w-]/.test(text.charAt(at + wanted.length))) return true;
  }
  return false;
}

/** The value if it is a JSON object, else undefined. */
export function asObject(value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
