/** Requests that work unchanged on a fresh installation; Swagger UI offers them. */
export const requestExamples = {
  default: {
    summary: 'The two-node example, streamed',
    value: { model: 'default', stream: true, input: 'Hello, how are you?' },
  },
  chat: {
    summary: 'One JSON object',
    value: { model: 'chat', instructions: 'Answer in one sentence.', input: 'What is a millrace?' },
  },
  reasoning: {
    summary: 'Thinking and reply in items of their own',
    value: { model: 'reasoning', stream: true, input: [{ role: 'user', content: 'Is 91 a prime number?' }] },
  },
};

/** A response that is one JSON object. */
export const responseExample = {
  id: 'resp_4e1f0c9d8b7a695847362514',
  created_at: 1795344000,
  model: 'chat',
  background: false,
  instructions: 'Answer in one sentence.',
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: true,
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  truncation: 'disabled',
  user: null,
  object: 'response',
  status: 'completed',
  completed_at: 1795344002,
  error: null,
  incomplete_details: null,
  usage: {
    input_tokens: 24,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 10,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 34,
  },
  output: [
    {
      type: 'message',
      id: 'msg_71b7f4a0c1d24e6f8a90b1c2d3e4f5061728394a5b6c7d8e',
      status: 'completed',
      role: 'assistant',
      content: [
        {
          type: 'output_text',
          text: 'A channel that leads water to a mill wheel.',
          annotations: [],
          logprobs: [],
        },
      ],
    },
  ],
};

/** A short stream as it is on the wire, without the fields that are the same in every response. */
export const streamExample = [
  'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_4e1f",…,"status":"in_progress","output":[]}}',
  'event: response.in_progress\ndata: {"type":"response.in_progress","sequence_number":1,"response":{…}}',
  'event: response.output_item.added\ndata: {"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{…}}',
  'event: response.content_part.added\ndata: {"type":"response.content_part.added","sequence_number":3,"item_id":"msg_71b7","output_index":0,"content_index":0,"part":{…}}',
  'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_71b7","output_index":0,"content_index":0,"delta":"Hello","logprobs":[]}',
  '…',
  'event: response.completed\ndata: {"type":"response.completed","sequence_number":8,"response":{…}}',
  'data: [DONE]',
].join('\n\n');
