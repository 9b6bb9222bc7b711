import type { JsonObject } from '../../../kernel/index.js';
import { type CompiledWorkflow, findGroup } from '../../../workflow/index.js';

/** The JSON Schema of one argument. */
type ArgumentSchema = Readonly<JsonObject>;

const TEXT = { type: 'string' } as const;

const CONVERSATION: Readonly<Record<string, ArgumentSchema>> = {
  input: { ...TEXT, description: 'The message for the workflow, as the last message of the user.' },
  messages: {
    type: 'array',
    description: 'The conversation before the input, oldest message first. Leave it out if there is none.',
    items: {
      type: 'object',
      properties: { role: { ...TEXT, enum: ['user', 'assistant', 'system', 'developer'] }, content: TEXT },
      required: ['role', 'content'],
    },
  },
};

/**
 * Chat parameters that make sense in a tool call, which cannot return calls, sound or log probabilities. They are
 * checked as in every other protocol; models see these descriptions.
 */
const PARAMETERS: Readonly<Record<string, ArgumentSchema>> = {
  temperature: {
    type: 'number',
    minimum: 0,
    maximum: 2,
    description: 'How freely the model chooses its words: 0 is the most predictable.',
  },
  top_p: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'The model chooses among the likeliest words that make up this share of probability.',
  },
  max_completion_tokens: {
    type: 'integer',
    minimum: 1,
    description: 'Most tokens that the model may write, its reasoning included.',
  },
  stop: { type: 'array', items: TEXT, maxItems: 4, description: 'The model stops before it writes one of these.' },
  seed: { type: 'integer', description: 'Asks the model for the same output each time, as far as it can.' },
  reasoning_effort: { ...TEXT, description: 'How long a reasoning model thinks, such as low, medium or high.' },
  verbosity: { ...TEXT, description: 'How long the output is, such as low, medium or high.' },
  response_format: { type: 'object', description: "The form of the output, as in OpenAI's chat completions." },
};

/** The names of the arguments that a workflow takes. */
export function listArguments(workflow: CompiledWorkflow): readonly string[] {
  return [...Object.keys(CONVERSATION), ...listParameters(workflow)];
}

/** The JSON Schema of the arguments of a workflow: a conversation, and the parameters that it takes. */
export function makeInputSchema(workflow: CompiledWorkflow): JsonObject & { readonly type: 'object' } {
  const parameters = listParameters(workflow).map((name) => [name, PARAMETERS[name] ?? {}] as const);
  return {
    type: 'object',
    properties: { ...CONVERSATION, ...Object.fromEntries(parameters) },
    ...(workflow.readsMessages && { required: ['input'] }),
    additionalProperties: false,
  };
}

function listParameters({ takes }: CompiledWorkflow): readonly string[] {
  return Object.keys(PARAMETERS).filter((name) => {
    const group = findGroup(name);
    return group !== undefined && takes.has(group);
  });
}
