import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { Bench } from '../support/app.js';
import { postJson } from '../support/http-client.js';
import { describeMutations } from '../support/mutated-requests.js';
import { responsesUrl } from '../support/responses-client.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { assertValidError } from '../support/wire-schema.js';

/** A request that uses a bit of everything, as the ground for mutations. */
const SEED = {
  model: 'chat',
  stream: false,
  store: false,
  instructions: 'Be brief',
  input: [
    { role: 'developer', content: 'Rules' },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'Hi' },
        { type: 'input_image', image_url: 'data:,x', detail: 'low' },
        { type: 'input_file', file_data: 'data:,y', filename: 'f' },
      ],
    },
    { type: 'reasoning', id: 'rs_1', summary: [], content: null },
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Ho', annotations: [] }],
    },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', status: 'completed' },
    { type: 'custom_tool_call', call_id: 'd', name: 'g', input: 'x' },
    { type: 'web_search_call', id: 'ws_1', status: 'completed' },
    { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: '5' }] },
    { type: 'custom_tool_call_output', call_id: 'd', output: 'y' },
  ],
  temperature: 0.5,
  top_p: 1,
  max_output_tokens: 10,
  top_logprobs: 2,
  include: ['message.output_text.logprobs'],
  text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'auto' },
  tools: [
    { type: 'function', name: 'f', parameters: { type: 'object' } },
    { type: 'custom', name: 'g', format: { type: 'grammar', syntax: 'regex', definition: 'x' } },
    { type: 'web_search' },
  ],
  tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] },
  metadata: { a: 'b' },
  user: 'u',
};

describe('a request for a response, however it was mutated', () => {
  let bench: Bench;
  beforeAll(async () => {
    // Echoes of strange tools and tiers fit no schema, and are what the client sent.
    bench = await Bench.start({ isWatched: false });
    bench.upstream.always(scriptStream('ok'));
  });
  afterAll(() => bench.close());

  const expectSane = async (body: string): Promise<void> => {
    const { status, json, headers } = await postJson(responsesUrl(bench.app), body);
    expect(headers['x-request-id']).toBeDefined();
    if (status === 200) {
      expect(json).toMatchObject({ object: 'response', status: 'completed', output: [{ content: [{ text: 'ok' }] }] });
      return;
    }
    assertValidError(json);
    expect([400, 404]).toContain(status);
    expect(json.error.message).not.toBe('');
  };

  describeMutations(SEED, ['model', 'input'], expectSane);
});
