import type { Message, ModelCall, ModelParameters } from '../models/index.js';
import type { AgentPlan } from './agent-plan.js';
import type { ModelTarget } from './model-target.js';
import { type ToolUse, writeToolParameters } from './tools/index.js';

/**
 * Writes the call of a model.
 * @param forwarded the client's parameters that reach the model
 * @param tools how far the server's tools have been used in this run of the agent
 */
export function writeModelCall(
  { schema, toolbox }: Pick<AgentPlan<unknown>, 'schema' | 'toolbox'>,
  { model, settings = {} }: ModelTarget,
  messages: readonly Message[],
  forwarded: ModelParameters,
  tools: ToolUse,
): ModelCall {
  return {
    model,
    messages,
    parameters: {
      ...(toolbox.isEmpty ? { ...forwarded, ...settings } : writeToolParameters(forwarded, settings, toolbox, tools)),
      ...(schema && {
        response_format: {
          type: 'json_schema',
          json_schema: { name: schema.name, schema: schema.schema, strict: true },
        },
      }),
    },
  };
}
