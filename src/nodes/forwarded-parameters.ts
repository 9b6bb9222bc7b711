import type { ModelParameters } from '../models/index.js';
import type { ParameterGroup } from './agent-config.js';

const GROUP_OF: Readonly<Record<string, ParameterGroup | 'never'>> = {
  // What the server answers itself or sets for each call.
  model: 'never',
  messages: 'never',
  stream: 'never',
  stream_options: 'never',
  n: 'never',
  // About the stored completion, which is the run's and not one call's.
  store: 'never',
  metadata: 'never',
  tools: 'tools',
  tool_choice: 'tools',
  parallel_tool_calls: 'tools',
  functions: 'tools',
  function_call: 'tools',
  response_format: 'response_format',
  logprobs: 'logprobs',
  top_logprobs: 'logprobs',
};

/** The client's parameters of the given groups, unchanged. Null means "not given" to every one of them. */
export function forwardedParameters(
  parameters: ModelParameters,
  groups: readonly ParameterGroup[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).filter(([name, value]) => {
      const group = Object.hasOwn(GROUP_OF, name) ? GROUP_OF[name] : 'sampling';
      return value !== null && group !== undefined && group !== 'never' && groups.includes(group);
    }),
  );
}
