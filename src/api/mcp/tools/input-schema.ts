import type { JsonObject } from '../../../kernel/index.js';
import { type CompiledWorkflow, findGroup } from '../../../workflow/index.js';

/** What a JSON Schema says of one argument. */
type ArgumentSchema = Readonly<JsonObject>;

const TEXT = { type: 'string' } as const;

const CONVERSATION: Readonly<Record<string, ArgumentSchema>> = {
  input: { ...TEXT, description: 'What the workflow is asked, as the last message of the user.' },
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
 * Parameters of a chat that make sense in a call of a tool: it has no way to give calls, sound or log probabilities back. They are checked
 * as in every other protocol; this is what models are told of them.
 */
const PARAMETERS: Readonly<Record<string, ArgumentSchema>> = {
  temperature: {
    type: 'number',
    minimum: 0,
    maximum: 2,
    description: 'How freely the model picks its words: 0 is the steadiest.',
  },
  top_p: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'The model picks among the likeliest words that make up this share of probability.',
  },
  max_completion_tokens: {
    type: 'integer',
    minimum: 1,
    description: 'Most tokens that the model may write, its reasoning included.',
  },
  stop: { type: 'array', items: TEXT, maxItems: 4, description: 'The model stops before it writes one of these.' },
  seed: { type: 'integer', description: 'Asks for the same answer each time, as far as the model can.' },
  reasoning_effort: { ...TEXT, description: 'How long a reasoning model thinks, such as low, medium or high.' },
  verbosity: { ...TEXT, description: 'How much the model says, such as low, medium or high.' },
  response_format: { type: 'object', description: "The form of the answer, as OpenAI's chat completions have it." },
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
