import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { scriptCompletion, scriptStream } from '../support/upstream/scripts.js';
import { assertValidError } from '../support/wire-schema.js';

const TOOLS = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const JSON_SCHEMA = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };

describe('parameters of the client', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  it('reach the model unchanged where a text node hands everything on', async () => {
    bench.upstream.next(scriptStream('ok'));
    const parameters = {
      temperature: 0,
      top_p: 0.5,
      max_tokens: 10,
      stop: ['a', 'b'],
      presence_penalty: -2,
      frequency_penalty: 0,
      logit_bias: { '50256': -100 },
      logprobs: true,
      top_logprobs: 0,
      seed: 42,
      response_format: JSON_SCHEMA,
      tools: TOOLS,
      tool_choice: 'auto',
      parallel_tool_calls: false,
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      service_tier: 'flex',
      reasoning_effort: 'low',
      verbosity: 'high',
      modalities: ['text', 'audio'],
      audio: { voice: 'alloy', format: 'pcm16' },
      image_config: { aspect_ratio: '1:1' },
      web_search_options: { search_context_size: 'low' },
      prediction: { type: 'content', content: 'x' },
      top_k: 40,
      min_p: 0.1,
      chat_template_kwargs: { enable_thinking: false },
      something_new: { deep: [1, null, 'x'] },
    };
    expect((await bench.ask({ ...parameters, n: 1, store: true })).status).toBe(200);
    const { body } = await bench.upstream.request(0);
    expect(body).toMatchObject(parameters);
    for (const own of ['n', 'store', 'metadata']) expect(body).not.toHaveProperty(own);
  });

  it('that are null count as not given', async () => {
    bench.upstream.next(scriptStream('ok'));
    const parameters = {
      temperature: null,
      stop: null,
      tools: null,
      response_format: null,
      logprobs: null,
      stream_options: null,
    };
    expect((await bench.ask(parameters)).status).toBe(200);
    const { body } = await bench.upstream.request(0);
    expect(Object.keys(body).sort()).toEqual(['messages', 'model', 'stream', 'stream_options']);
  });

  it('for sampling reach every node of a workflow', async () => {
    bench.upstream.next(scriptStream('ok')).next(scriptCompletion({ thinking: 'a', reply: 'b' }));
    await bench.ask({ model: 'streaming', temperature: 0, response_format: { type: 'text' } });
    expect(bench.upstream.requests.map(({ body }) => body['temperature'])).toEqual([0, 0]);
    expect(bench.upstream.requests[1]?.body.response_format).toMatchObject({ type: 'json_schema' });
  });

  it.each([
    ['tools', { tools: TOOLS }],
    ['response_format', { response_format: JSON_SCHEMA }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['logprobs', { logprobs: true }],
    ['modalities', { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }],
    ['modalities', { modalities: ['image'] }],
    ['audio', { audio: { voice: 'alloy', format: 'wav' } }],
  ])('%s are refused by a workflow that cannot heed them', async (param, parameters) => {
    for (const model of ['streaming', 'reasoning']) {
      const response = await bench.ask({ model, ...parameters });
      assertValidError(response.json);
      expect([response.status, response.json.error.param, response.json.error.code]).toEqual([
        400,
        param,
        'unsupported_parameter',
      ]);
    }
  });

  it.each([
    ['n', { n: 2 }],
    ['functions', { functions: [{ name: 'f' }] }],
    ['function_call', { function_call: 'auto' }],
  ])('%s that ask for what no workflow gives are refused', async (param, parameters) => {
    const response = await bench.ask(parameters);
    assertValidError(response.json);
    expect(response.status).toBe(400);
    expect(response.json.error.param).toMatch(new RegExp(`^${param}`));
  });
});
