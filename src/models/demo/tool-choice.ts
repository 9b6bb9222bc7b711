import { asObject, isObject } from './json.js';
import type { ModelParameters } from '../chat-model.js';

/** A tool of the client. */
export interface Tool {
  readonly kind: 'function' | 'custom';
  readonly name: string;
  /** JSON schema of a function's arguments; undefined for a custom tool, which takes text. */
  readonly schema: unknown;
}

/**
 * Which tools the demo calls. `tool_choice` decides; where it leaves the choice to the model (`auto`, or absent), the demo
 * calls those that the newest message of the user plainly names, unless it is the answer to a tool that is due.
 */
export function toolsToCall(parameters: ModelParameters, message: string, isAnswerDue: boolean): Tool[] {
  const choice = asObject(parameters.tool_choice) ?? { type: parameters.tool_choice ?? 'auto' };
  const allowed = asObject(choice.allowed_tools);
  const type = choice.type === 'allowed_tools' ? allowed?.mode : choice.type;
  const tools = readTools(parameters.tools).filter(
    ({ name }) => allowed === undefined || readTools(allowed.tools).some((tool) => tool.name === name),
  );
  if (type === 'none') return [];
  if (type === 'function' || type === 'custom') {
    const name = asObject(choice[type])?.name;
    return tools.filter((tool) => tool.kind === type && tool.name === name).slice(0, 1);
  }
  if (type !== 'required' && isAnswerDue) return [];
  const named = tools.filter(({ name }) => names(message, name));
  const called = named.length === 0 && type === 'required' ? tools.slice(0, 1) : named;
  return parameters.parallel_tool_calls === false ? called.slice(0, 1) : called;
}

function readTools(tools: unknown): Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.filter(isObject).flatMap((tool): Tool[] => {
    const kind = tool.type === 'custom' ? 'custom' : 'function';
    const definition = asObject(tool[kind]);
    if (typeof definition?.name !== 'string') return [];
    return [
      {
        kind,
        name: definition.name,
        schema: kind === 'function' ? (definition.parameters ?? { type: 'object' }) : undefined,
      },
    ];
  });
}

function names(message: string, name: string): boolean {
  if (name === '') return false;
  const text = message.toLowerCase();
  const wanted = name.toLowerCase();
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    if (!/[\w-]/.test(text.charAt(at - 1)) && !/[\w-]/.test(text.charAt(at + wanted.length))) return true;
  }
  return false;
}
