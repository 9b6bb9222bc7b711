import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { createResponse, failResponse } from '../support/responses-client.js';
import { scriptStream } from '../support/upstream/scripts.js';

const f = { type: 'function', name: 'f', parameters: { type: 'object' }, strict: true };
const schema = { type: 'json_schema', name: 'n', schema: { type: 'object' } };

describe('a request for a response', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
    bench.upstream.always(scriptStream('ok'));
  });
  afterAll(() => bench.close());

  let asked = 0;
  /** Creates a response, and returns it with the request that the model got. */
  const ask = async (body: object) => {
    const response = await createResponse(bench.app, body);
    const { body: sent } = await bench.upstream.request(asked);
    asked += 1;
    return { response, sent };
  };

  it('reaches the model by the names of chat', async () => {
    const { sent } = await ask({
      instructions: 'Be brief',
      input: 'Hi',
      temperature: 0,
      top_p: 0.5,
      max_output_tokens: 10,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: schema, verbosity: 'low' },
      include: ['message.output_text.logprobs', 'reasoning.encrypted_content'],
      tools: [f, { type: 'web_search' }],
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: false,
      user: 'u',
      client_metadata: { a: 1 },
      truncation: 'auto',
      metadata: { a: 'b' },
    });
    expect(sent).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'Hi' },
      ],
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 10,
      reasoning_effort: 'low',
      verbosity: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
      logprobs: true,
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      user: 'u',
    });
    for (const own of ['instructions', 'input', 'client_metadata', 'truncation', 'metadata', 'text', 'include']) {
      expect(sent).not.toHaveProperty(own);
    }
  });

  it('is repeated in the response, with defaults filled in', async () => {
    const { response } = await ask({ tools: [{ type: 'function', name: 'f' }], metadata: { a: 'b' }, temperature: 0 });
    expect(response).toMatchObject({
      tools: [{ type: 'function', name: 'f', description: null, parameters: null, strict: null }],
      metadata: { a: 'b' },
      temperature: 0,
      top_p: 1,
      text: { format: { type: 'text' } },
      reasoning: { effort: null, summary: null },
    });
  });

  it.each<[string, object]>([
    [
      'Codex',
      {
        instructions: 'You are Codex',
        store: false,
        include: ['reasoning.encrypted_content'],
        tools: [
          { ...f, strict: false },
          { type: 'web_search', external_web_access: false },
          { type: 'namespace', name: 'n', description: 'N', tools: [f] },
        ],
        tool_choice: 'auto',
        parallel_tool_calls: false,
        reasoning: { summary: 'auto' },
        prompt_cache_key: 'k',
        client_metadata: { a: 'b' },
        input: [
          { type: 'message', role: 'developer', id: 'item_1', content: [{ type: 'input_text', text: 'Rules' }] },
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
          { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: null },
          {
            type: 'message',
            id: 'msg_1',
            status: 'completed',
            role: 'assistant',
            content: [{ type: 'output_text', text: 'Ho' }],
          },
          { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}', status: 'completed' },
          { type: 'function_call_output', call_id: 'c', output: 'done' },
        ],
      },
    ],
    [
      '@openai/agents',
      {
        tools: [],
        input: [
          { role: 'user', content: 'Hi' },
          { id: 'rs_1', type: 'reasoning', content: [], summary: [] },
          {
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            status: 'completed',
            millrace: { node: 'reply' },
            content: [{ type: 'output_text', text: 'Ho', annotations: [] }],
          },
          { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}', status: 'completed' },
          {
            type: 'function_call_output',
            call_id: 'c',
            output: [{ type: 'input_text', text: 'done' }],
            status: 'completed',
          },
        ],
        include: [],
      },
    ],
    [
      'the AI SDK that stores nothing',
      {
        store: false,
        input: [
          { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
          { role: 'assistant', content: [{ type: 'output_text', text: 'Ho' }], id: 'msg_1' },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', id: 'fc_1' },
          { type: 'function_call_output', call_id: 'c', output: 'done' },
        ],
      },
    ],
    [
      'LangChain',
      {
        text: {},
        stream: false,
        input: [
          { role: 'user', content: 'Hi', type: 'message' },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Ho', annotations: [] }] },
          { type: 'function_call', name: 'f', arguments: '{}', call_id: 'c', id: 'fc_1' },
          { type: 'function_call_output', call_id: 'c', output: 'done', id: null },
        ],
      },
    ],
    [
      'openai-node that parses',
      {
        input: [
          { role: 'user', content: 'Hi' },
          {
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: 'Ho', annotations: [], parsed: null }],
          },
          {
            id: 'fc_1',
            type: 'function_call',
            call_id: 'c',
            name: 'f',
            arguments: '{}',
            parsed_arguments: {},
            status: 'completed',
          },
          { type: 'function_call_output', call_id: 'c', output: 'done' },
        ],
      },
    ],
  ])('takes the second turn of %s', async (_client, body) => {
    const { sent } = await ask(body);
    const messages = sent['messages'] as readonly object[];
    expect(messages.slice(-3)).toEqual(
      [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: 'Ho',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'done' },
      ].slice(-3),
    );
  });

  it('is refused for its own faults, with their places', async () => {
    const refusals: readonly (readonly [body: object, status: number, param: string, code: string | null])[] = [
      [{ model: undefined }, 400, 'model', 'missing_required_parameter'],
      [{ input: undefined }, 400, 'input', 'missing_required_parameter'],
      [
        { input: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
        400,
        'input[0].content[0].type',
        'invalid_value',
      ],
      [{ model: 'gpt-0' }, 404, 'model', 'model_not_found'],
      [{ previous_response_id: 'resp_0' }, 400, 'previous_response_id', 'previous_response_not_found'],
      [{ input: [{ type: 'item_reference', id: 'msg_0' }] }, 404, 'input', null],
      [{ input: [{ type: 'function_call_output', call_id: 'c', output: '' }] }, 400, 'input', null],
      [{ input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '' }] }, 400, 'input', null],
      [{ conversation: 'conv_0' }, 400, 'conversation', 'unsupported_value'],
      [{ prompt: { id: 'p' }, model: undefined }, 400, 'prompt', 'unsupported_value'],
      [{ background: true, store: false }, 400, 'background', 'unsupported_value'],
      [
        { tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } },
        400,
        'tool_choice',
        'unsupported_value',
      ],
      [{ stream: 'true' }, 400, 'stream', 'invalid_type'],
    ];
    for (const [body, status, param, code] of refusals) {
      expect(await failResponse(bench.app, body)).toMatchObject({ status, param, code, type: 'invalid_request_error' });
    }
  });
});
