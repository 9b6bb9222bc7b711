import { describe, expect, it } from '@jest/globals';
import { PARAMETER_GROUPS } from '../../workflow/parameter-groups.js';
import type { ParameterGroup } from '../../workflow/index.js';
import { makeRunParameters } from './run-parameters.js';

const EVERYTHING = { id: 'chat', takes: new Set(PARAMETER_GROUPS), waits: [] };
const NOTHING = { id: 'fixed', takes: new Set<ParameterGroup>(), waits: [] };
const read = (body: object, workflow = EVERYTHING) => makeRunParameters({ model: 'chat', ...body }, workflow);

const f = { type: 'function', name: 'f' };
const written = { type: 'function', function: { name: 'f' } };

describe('makeRunParameters', () => {
  it.each<[string, object, object]>([
    ['nothing', {}, {}],
    ['null for nothing', { temperature: null, tools: null, text: null, reasoning: null, include: null }, {}],
    [
      'what has the same name',
      { temperature: 0, top_p: 0.5, presence_penalty: 1, frequency_penalty: -1, metadata: { a: 'b' }, user: 'u' },
      { temperature: 0, top_p: 0.5, presence_penalty: 1, frequency_penalty: -1, metadata: { a: 'b' }, user: 'u' },
    ],
    [
      'what is only handed on',
      {
        service_tier: 'flex',
        safety_identifier: 's',
        prompt_cache_key: 'k',
        prompt_cache_retention: '24h',
        prompt_cache_options: {},
      },
      {
        service_tier: 'flex',
        safety_identifier: 's',
        prompt_cache_key: 'k',
        prompt_cache_retention: '24h',
        prompt_cache_options: {},
      },
    ],
    ['limits', { max_output_tokens: 5 }, { max_completion_tokens: 5 }],
    ['effort', { reasoning: { effort: 'high', summary: 'auto' } }, { reasoning_effort: 'high' }],
    ['verbosity', { text: { verbosity: 'low' } }, { verbosity: 'low' }],
    ['text', { text: { format: { type: 'text' } } }, {}],
    ['JSON', { text: { format: { type: 'json_object' } } }, { response_format: { type: 'json_object' } }],
    [
      'a schema',
      { text: { format: { type: 'json_schema', name: 'n', schema: { a: 1 }, strict: true, description: null } } },
      { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { a: 1 }, strict: true } } },
    ],
    ['log probabilities', { include: ['message.output_text.logprobs', 'x'] }, { logprobs: true }],
    ['alternatives of tokens', { top_logprobs: 3 }, { logprobs: true, top_logprobs: 3 }],
    ['no alternatives', { top_logprobs: 0, include: ['reasoning.encrypted_content'] }, {}],
    [
      'tools',
      {
        tools: [{ ...f, description: 'd', parameters: { a: 1 }, strict: false, defer_loading: true }],
        parallel_tool_calls: false,
      },
      {
        tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: { a: 1 }, strict: false } }],
        parallel_tool_calls: false,
      },
    ],
    [
      'custom tools',
      {
        tools: [
          { type: 'custom', name: 'a' },
          { type: 'custom', name: 'b', format: { type: 'grammar', syntax: 'regex', definition: 'x' } },
          { type: 'custom', name: 'c', format: { type: 'text' } },
        ],
      },
      {
        tools: [
          { type: 'custom', custom: { name: 'a' } },
          {
            type: 'custom',
            custom: { name: 'b', format: { type: 'grammar', grammar: { syntax: 'regex', definition: 'x' } } },
          },
          { type: 'custom', custom: { name: 'c', format: { type: 'text' } } },
        ],
      },
    ],
    ['a choice', { tools: [f], tool_choice: 'required' }, { tools: [written], tool_choice: 'required' }],
    ['a chosen function', { tools: [f], tool_choice: f }, { tools: [written], tool_choice: written }],
    [
      'a chosen custom tool',
      { tools: [{ type: 'custom', name: 'c' }], tool_choice: { type: 'custom', name: 'c' } },
      { tools: [{ type: 'custom', custom: { name: 'c' } }], tool_choice: { type: 'custom', custom: { name: 'c' } } },
    ],
    [
      'a choice of tools',
      { tools: [f], tool_choice: { type: 'allowed_tools', mode: 'required', tools: [f, { type: 'web_search' }] } },
      {
        tools: [written],
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [written] } },
      },
    ],
    [
      'a choice of tools that others run',
      { tools: [f], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }] } },
      { tools: [written], tool_choice: 'none' },
    ],
    ['parameters of tools without any', { tools: [], tool_choice: 'auto', parallel_tool_calls: true }, {}],
    [
      'what chat does not know',
      { client_metadata: {}, truncation: 'auto', max_tool_calls: 1, context_management: [], top_k: 1, store: true },
      {},
    ],
  ])('reads %s', (_what, body, parameters) => {
    expect(read(body)).toEqual({ parameters, leftOut: [] });
  });

  it('leaves out tools that others run', () => {
    expect(read({ tools: [{ type: 'web_search' }, f, { type: 'namespace', name: 'n' }] })).toEqual({
      parameters: { tools: [written] },
      leftOut: ['tool web_search', 'tool namespace n'],
    });
  });

  it('leaves out tools and formats that the workflow does not take', () => {
    const body = {
      tools: [f],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      text: { format: { type: 'json_object' } },
    };
    expect(read(body, NOTHING)).toEqual({ parameters: {}, leftOut: ['text.format json_object', 'tool function f'] });
    const allowed = { type: 'allowed_tools', mode: 'auto', tools: [f] };
    expect(read({ tools: [f], tool_choice: allowed }, NOTHING)).toMatchObject({ parameters: {} });
  });

  it.each<[string, string, object]>([
    ['a tool', 'tool_choice', { tools: [f], tool_choice: 'required' }],
    ['one function', 'tool_choice', { tools: [f], tool_choice: f }],
    [
      'one of some tools',
      'tool_choice',
      { tools: [f], tool_choice: { type: 'allowed_tools', mode: 'required', tools: [f] } },
    ],
    ['a shape', 'text.format', { text: { format: { type: 'json_schema', name: 'n', schema: {} } } }],
    ['log probabilities', 'include', { include: ['message.output_text.logprobs'] }],
    ['alternatives of tokens', 'top_logprobs', { top_logprobs: 1 }],
  ])('refuses a demand for %s that the workflow cannot meet', (_what, param, body) => {
    expect(() => read(body, NOTHING)).toThrow(
      expect.objectContaining({ status: 400, param, code: 'unsupported_value' }),
    );
  });
});
