import type { ModelCall, ModelParameters } from '../models/index.js';
import type { Message } from '../protocol/index.js';
import type { AgentPlan } from './agent-plan.js';
import type { ModelTarget } from './model-target.js';
import { withServerTools } from './tools/index.js';

/**
 * What a model is asked.
 * @param forwarded the client's parameters that reach the model
 * @param hasUsedTools whether tools of the server have been run for this answer
 */
export function modelCallFor(
  { schema, toolbox }: Pick<AgentPlan<unknown>, 'schema' | 'toolbox'>,
  { model, settings = {} }: ModelTarget,
  messages: readonly Message[],
  forwarded: ModelParameters,
  hasUsedTools: boolean,
): ModelCall {
  return {
    model,
    messages,
    parameters: {
      ...(toolbox.isEmpty
        ? { ...forwarded, ...settings }
        : withServerTools(forwarded, settings, toolbox, hasUsedTools)),
      ...(schema && {
        response_format: {
          type: 'json_schema',
          json_schema: { name: schema.name, schema: schema.schema, strict: true },
        },
      }),
    },
  };
}
