import type { ResponseHead } from '../../src/api/responses/decoded-request.js';

/** When responses of specs were created, in milliseconds since the Unix epoch. */
export const CREATED_AT = 1_795_344_000_000;

/** The head of a response to a request with the required parameters only. */
export const RESPONSE_HEAD: ResponseHead = {
  id: 'resp_0123456789abcdef01234567',
  created_at: CREATED_AT / 1_000,
  model: 'chat',
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: false,
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
};
