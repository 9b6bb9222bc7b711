import { InvalidRequestError } from '../../errors/index.js';
import type { ModelParameters } from '../../models/index.js';
import type { Toolbox } from './toolbox.js';

/** What the client's tools are, as far as this server reads them. */
interface ClientTool {
  readonly function?: { readonly name?: unknown };
  readonly custom?: { readonly name?: unknown };
}

interface ToolChoice {
  readonly type?: unknown;
  readonly allowed_tools?: { readonly mode?: unknown };
}

/** How far the server's tools have been used for an answer. */
export interface ToolUse {
  /** A choice that forces a call has then been heeded, and would never let the model come to its answer. */
  readonly haveBeenUsed: boolean;
  /** True: the model must answer without them now. */
  readonly areUsedUp: boolean;
}

/**
 * The client's tools that the model may call, of the parameters that are forwarded to it.
 * @throws InvalidRequestError if one has the name of a tool of the server
 */
export function listClientTools(forwarded: ModelParameters, toolbox: Toolbox): readonly unknown[] {
  const { tools, tool_choice: choice } = forwarded;
  if (!Array.isArray(tools) || choice === 'none') return [];
  for (const { function: callable, custom } of tools as readonly ClientTool[]) {
    // A tool may have parts of the other kind, which nobody has checked.
    const name = [callable?.name, custom?.name]
      .filter((one) => typeof one === 'string')
      .find((one) => toolbox.find(one) !== undefined);
    if (name === undefined) continue;
    throw new InvalidRequestError(`This workflow has a tool \`${name}\` of its own. Give yours another name.`, {
      param: 'tools',
      code: 'tool_name_taken',
    });
  }
  return tools;
}

/**
 * The parameters of a call that offers the server's tools beside the client's.
 * @param settings the agent's own parameters, which win
 */
export function writeToolParameters(
  forwarded: ModelParameters,
  settings: ModelParameters,
  toolbox: Toolbox,
  { haveBeenUsed, areUsedUp }: ToolUse,
): ModelParameters {
  const clientTools = listClientTools(forwarded, toolbox);
  const { tools: _tools, tool_choice: theirChoice, parallel_tool_calls: theirParallel, ...rest } = forwarded;
  const theirs = {
    ...(theirChoice !== undefined && { tool_choice: theirChoice }),
    ...(theirParallel !== undefined && { parallel_tool_calls: theirParallel }),
  };
  // What the client says of tools is about its own.
  const { tool_choice: choice, ...parameters }: Record<string, unknown> = {
    ...rest,
    ...(clientTools.length > 0 && theirs),
    ...settings,
  };
  // Some servers refuse a history with tool calls where no tool is offered.
  if (areUsedUp && clientTools.length === 0) {
    return { ...parameters, tools: [...toolbox.definitions], tool_choice: 'none' };
  }
  return {
    ...parameters,
    tools: areUsedUp ? clientTools : [...toolbox.definitions, ...clientTools],
    ...(choice !== undefined && !((haveBeenUsed || areUsedUp) && isForced(choice)) && { tool_choice: choice }),
  };
}

function isForced(choice: unknown): boolean {
  if (typeof choice === 'string') return choice === 'required';
  const { type, allowed_tools: allowed } = choice as ToolChoice;
  return type === 'allowed_tools' ? allowed?.mode === 'required' : true;
}
