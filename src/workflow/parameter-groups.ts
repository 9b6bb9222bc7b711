import { InvalidRequestError } from '../errors/index.js';
import { isPresent } from '../kernel/index.js';
import type { ModelParameters } from '../models/index.js';

/**
 * Groups of the client's parameters that a node can pass on to its model.
 * - `sampling`: everything that shapes text and is in no other group (temperature, stop, token limits, reasoning effort, and
 *   parameters that this server does not know);
 * - `tools`: the client's tools and how to choose among them;
 * - `response_format`: the form that the client wants the output to have;
 * - `logprobs`: log probabilities of the tokens;
 * - `modalities`: output beside text: audio and images.
 */
export type ParameterGroup = (typeof PARAMETER_GROUPS)[number];

/** All parameter groups. */
export const PARAMETER_GROUPS = ['sampling', 'tools', 'response_format', 'logprobs', 'modalities'] as const;

const GROUP_OF: Readonly<Record<string, ParameterGroup | undefined>> = {
  // Handled by the server itself or set for each call.
  model: undefined,
  messages: undefined,
  stream: undefined,
  stream_options: undefined,
  n: undefined,
  // About storing the completion, which concerns the run and not a single call.
  store: undefined,
  metadata: undefined,
  tools: 'tools',
  tool_choice: 'tools',
  parallel_tool_calls: 'tools',
  response_format: 'response_format',
  logprobs: 'logprobs',
  top_logprobs: 'logprobs',
  modalities: 'modalities',
  audio: 'modalities',
  // OpenRouter's size and shape of images.
  image_config: 'modalities',
};

/** Finds the group of a parameter; undefined for parameters that no model call gets. */
export function findGroup(parameter: string): ParameterGroup | undefined {
  return Object.hasOwn(GROUP_OF, parameter) ? GROUP_OF[parameter] : 'sampling';
}

/** Parameters that ask for something that changes the output, so that they must not be dropped silently. */
const DEMANDS: readonly {
  readonly param: string;
  readonly group: ParameterGroup;
  readonly isDemanded: (parameters: ModelParameters) => boolean;
  readonly message: string;
}[] = [
  {
    param: 'tools',
    group: 'tools',
    isDemanded: ({ tools, tool_choice: choice }) => isPresent(tools) && choice !== 'none',
    message: 'It does not hand tools on to its models.',
  },
  {
    param: 'response_format',
    group: 'response_format',
    isDemanded: ({ response_format: format }) => isPresent(format) && (format as { type?: unknown }).type !== 'text',
    message: 'Its output has a form of its own.',
  },
  {
    param: 'logprobs',
    group: 'logprobs',
    isDemanded: ({ logprobs }) => logprobs === true,
    message: 'It does not return log probabilities.',
  },
  {
    param: 'modalities',
    group: 'modalities',
    isDemanded: ({ modalities }) => Array.isArray(modalities) && modalities.some((kind) => kind !== 'text'),
    message: 'It answers with text only.',
  },
  {
    param: 'audio',
    group: 'modalities',
    isDemanded: ({ audio }) => isPresent(audio),
    message: 'It answers with text only.',
  },
  {
    param: 'web_search_options',
    group: 'sampling',
    isDemanded: ({ web_search_options: options }) => isPresent(options),
    message: 'It does not hand it on to its models.',
  },
];

/**
 * Refuses parameters that a workflow would have to drop.
 * @param taken the groups that the workflow takes on every path of a run
 * @throws InvalidRequestError that names the parameter
 */
export function assertParametersTaken(
  parameters: ModelParameters,
  workflow: string,
  taken: ReadonlySet<ParameterGroup>,
): void {
  for (const { param, group, isDemanded, message } of DEMANDS) {
    if (taken.has(group) || !isDemanded(parameters)) continue;
    throw new InvalidRequestError(`The workflow \`${workflow}\` does not support \`${param}\`. ${message}`, {
      param,
      code: 'unsupported_parameter',
    });
  }
}
