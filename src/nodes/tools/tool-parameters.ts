import { InvalidRequestError } from '../../errors/index.js';
import type { ModelParameters } from '../../models/index.js';
import type { Toolbox } from './toolbox.js';

/** The part of a client's tool that this server reads. */
interface ClientTool {
  readonly function?: { readonly name?: unknown };
  readonly custom?: { readonly name?: unknown };
}

interface ToolChoice {
  readonly type?: unknown;
  readonly allowed_tools?: { readonly mode?: unknown };
}

/** How far the server's tools have been used in one run of an agent. */
export interface ToolUse {
  /**
   * True if tools have run: a choice that forces a call has then been followed, and would keep the model from ever finishing.
   */
  readonly haveBeenUsed: boolean;
  /** True if the model must finish without them now. */
  readonly areUsedUp: boolean;
}

/**
 * Lists the client's tools that the model may call, from the parameters that are forwarded to it.
 * @throws InvalidRequestError if one has the name of one of the server's tools
 */
export function listClientTools(forwarded: ModelParameters, toolbox: Toolbox): readonly unknown[] {
  const { tools, tool_choice: choice } = forwarded;
  if (!Array.isArray(tools) || choice === 'none') return [];
  for (const { function: callable, custom } of tools as readonly ClientTool[]) {
    // A tool may also have a part of the other kind, which was not validated.
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

/** Names of the client's tools. */
export function listToolNames({ tools }: ModelParameters): readonly string[] {
  if (!Array.isArray(tools)) return [];
  return (tools as readonly ClientTool[])
    .flatMap(({ function: callable, custom }) => [callable?.name, custom?.name])
    .filter((name) => typeof name === 'string');
}

/** Parameters of a call without tools: providers refuse a choice among none. */
export function dropChoices({
  tool_choice: _choice,
  parallel_tool_calls: _parallel,
  ...rest
}: ModelParameters): ModelParameters {
  return rest;
}

/**
 * Writes the parameters of a call that offers the server's tools beside the client's.
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
  // The client's choices about tools count only for its own tools, and those of servers that it names.
  const { tool_choice: choice, ...parameters }: Record<string, unknown> = {
    ...rest,
    ...((clientTools.length > 0 || toolbox.hasRemote) && theirs),
    ...settings,
  };
  // Some servers refuse a history with tool calls if no tool is offered.
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
