/**
 * The model calls of a request, for the baselines: one for the model `chat`; for `streaming` a text, and then a
 * structured output, as the workflow of that name gives.
 * @param {any} request
 */
export function listSteps({ model, messages }) {
  const call = { model, messages, stream: true, stream_options: { include_usage: true } };
  return model === 'streaming' ? [call, { ...call, response_format: RESPONSE_FORMAT }] : [call];
}

const RESPONSE_FORMAT = {
  type: 'json_schema',
  json_schema: {
    name: 'reply',
    strict: true,
    schema: {
      type: 'object',
      properties: { thinking: { type: 'string' }, reply: { type: 'string' } },
      required: ['thinking', 'reply'],
      additionalProperties: false,
    },
  },
};
