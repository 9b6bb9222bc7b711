/** Requests that work as they stand on a fresh installation; Swagger UI offers them. */
export const completionExamples = {
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

/** What a short stream looks like on the wire. */
export const streamExample = [
  'data: {"id":"chatcmpl-4e1f","object":"chat.completion.chunk","created":1795344000,"model":"chat","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]}',
  'data: {"id":"chatcmpl-4e1f","object":"chat.completion.chunk","created":1795344000,"model":"chat","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}',
  'data: {"id":"chatcmpl-4e1f","object":"chat.completion.chunk","created":1795344000,"model":"chat","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
  'data: [DONE]',
  '',
].join('\n\n');
