import type { ModelCall } from '../../chat-model.js';
import type { Message } from '../../message.js';
import type { OutputFormat } from './output-format.js';

/** Asks for JSON in the instructions, for providers without a better way. */
export function addOutputInstructions(call: ModelCall, format: OutputFormat, jsonObject: boolean): ModelCall {
  const { response_format: _, ...parameters } = call.parameters;
  return {
    ...call,
    messages: addToSystemMessage(call.messages, writeInstructions(format)),
    parameters: { ...parameters, ...(jsonObject && { response_format: { type: 'json_object' } }) },
  };
}

function writeInstructions({ description, schema }: OutputFormat): string {
  const root = schema?.['type'] === 'array' ? 'array' : 'object';
  return [
    `Answer with exactly one JSON ${root} and nothing else: no code fence, and no words before or after it.`,
    ...(description === undefined ? [] : [`The ${root} is: ${description}`]),
    ...(schema === undefined ? [] : ['It must fit this JSON schema:', JSON.stringify(schema)]),
  ].join('\n');
}

/** Adds text to the first system message, because some models take only one, at the beginning. */
function addToSystemMessage(messages: readonly Message[], instructions: string): readonly Message[] {
  const [first, ...others] = messages;
  if ((first?.role === 'system' || first?.role === 'developer') && typeof first.content === 'string') {
    return [{ ...first, content: `${first.content}\n\n${instructions}` }, ...others];
  }
  return [{ role: 'system', content: instructions }, ...messages];
}
