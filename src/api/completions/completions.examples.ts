/** Requests that work unchanged on a fresh installation; Swagger UI offers them. */
export const requestExamples = {
  default: {
    summary: 'The two-node example, streamed',
    value: { model: 'default', stream: true, messages: [{ role: 'user', content: 'Hello, how are you?' }] },
  },
  chat: {
    summary: 'One JSON object',
    value: {
      model: 'chat',
      messages: [
        { role: 'system', content: 'Answer in one sentence.' },
        { role: 'user', content: 'What is a millrace?' },
      ],
    },
  },
  reasoning: {
    summary: 'Thinking and reply in channels of their own, with usage',
    value: {
      model: 'reasoning',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Is 91 a prime number?' }],
    },
  },
};

/** A whole completion, and a chunk of a stream. */
export const responseExamples = {
  whole: {
    id: 'chatcmpl-4e1f0c9d8b7a695847362514',
    object: 'chat.completion',
    created: 1795344000,
    model: 'chat',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'A channel that leads water to a mill wheel.', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 24, completion_tokens: 10, total_tokens: 34 },
    system_fingerprint: 'millrace-demo',
  },
  chunk: {
    id: 'chatcmpl-4e1f0c9d8b7a695847362514',
    object: 'chat.completion.chunk',
    created: 1795344000,
    model: 'default',
    choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }],
  },
};

/** A short stream as it is on the wire. */
export const streamExample = [
  'data: {"id":"chatcmpl-4e1f","object":"chat.completion.chunk","created":1795344000,"model":"chat","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]}',
  'data: {"id":"chatcmpl-4e1f","object":"chat.completion.chunk","created":1795344000,"model":"chat","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}',
  'data: {"id":"chatcmpl-4e1f","object":"chat.completion.chunk","created":1795344000,"model":"chat","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
  'data: [DONE]',
].join('\n\n');
