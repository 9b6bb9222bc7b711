import { describe, expect, it } from '@jest/globals';
import { findFault } from '../../../test/support/response-faults.js';

const request = (parameters: object) => ({ model: 'chat', input: 'Hi', ...parameters });
const items = (...list: readonly unknown[]) => ({ input: list });
const says = (role: string, ...parts: readonly unknown[]) => items({ role, content: parts });
const f = { type: 'function', name: 'f' };
const schema = { type: 'json_schema', name: 'a', schema: {} };

/** All parameters that may be null. */
const PARAMETERS = [
  'prompt',
  'instructions',
  'previous_response_id',
  'conversation',
  'store',
  'background',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tool_calls',
  'text',
  'reasoning',
  'include',
  'top_logprobs',
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'user',
  'max_output_tokens',
  'truncation',
  'metadata',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'context_management',
  'moderation',
  'client_metadata',
];

/** Items of tools that others run. */
const RECEIPTS = [
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
  'computer_call',
  'computer_call_output',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'tool_search_call',
  'tool_search_output',
  'program',
  'program_output',
  'compaction',
  'compaction_trigger',
  'additional_tools',
  'configuration_update',
];

/** What must pass, by what it is. */
const ACCEPTED: Readonly<Record<string, readonly object[]>> = {
  'null for every parameter but the model': [Object.fromEntries(PARAMETERS.map((name) => [name, null]))],
  'parameters that nobody knows': [{ client_metadata: { a: [1] }, context_management: 5, moderation: '', top_k: 4 }],
  'what clients send when they have nothing to say': [
    { tools: [], include: [], text: {}, reasoning: { summary: 'auto' }, metadata: {}, instructions: '' },
    { text: { format: null, verbosity: null }, reasoning: {}, stream: true, stream_options: {} },
  ],
  'a conversation that only goes on': [
    { input: [], previous_response_id: 'resp_1' },
    { input: null, previous_response_id: 'resp_1' },
  ],
  'bounds of numbers': [
    { temperature: 0, top_p: 0, top_logprobs: 0, max_output_tokens: 1, presence_penalty: -2, frequency_penalty: 2 },
    { temperature: 2, top_p: 1, top_logprobs: 20, max_tool_calls: 3 },
  ],
  'tools of every kind': [
    { tools: [f, { ...f, strict: null, description: null, parameters: null }, { type: 'custom', name: 'c' }] },
    {
      tools: [
        { type: 'web_search' },
        { type: 'namespace', name: 'n', tools: [] },
        { type: 'x:y', name: 5 },
        { type: 'mcp', server_label: 'docs', server_url: 'https://docs.example.com/mcp', headers: null },
      ],
    },
  ],
  'choices among the tools': [
    { tool_choice: 'auto' },
    { tool_choice: 'none' },
    { tools: [f], tool_choice: 'required' },
    { tools: [f, { type: 'web_search' }], tool_choice: 'required' },
    { tools: [f], tool_choice: f },
    { tools: [{ type: 'custom', name: 'c' }], tool_choice: { type: 'custom', name: 'c' } },
    { tools: [f], tool_choice: { type: 'allowed_tools', mode: 'required', tools: [f, { type: 'web_search' }] } },
    { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }] } },
  ],
  formats: [
    { text: { format: { type: 'text' }, verbosity: 'low' } },
    { text: { format: { type: 'json_object' } } },
    { text: { format: { ...schema, strict: true, description: 'd' } } },
  ],
  'messages of every role, with and without their type': [
    items(
      { role: 'user', content: '' },
      { type: 'message', role: 'system', content: 'S' },
      { type: null, role: 'developer', content: 'D' },
    ),
    items(
      { role: 'assistant', content: 'A' },
      { role: 'assistant', content: [] },
      { role: 'assistant', content: null },
    ),
    says('user', { type: 'input_text', text: 'T' }, { type: 'input_image', image_url: 'data:,x', detail: 'original' }),
    says('user', { type: 'input_image', file_id: 'f', image_url: null, detail: null }),
    says('user', { type: 'input_file', file_data: 'd', filename: 'n' }, { type: 'input_file', file_url: 'u' }),
    says(
      'user',
      { type: 'input_file', file_id: 'i' },
      { type: 'input_audio', input_audio: { data: 'a', format: 'wav' } },
    ),
    says('system', { type: 'input_text', text: 'T' }),
    says(
      'assistant',
      { type: 'output_text', text: 'T' },
      { type: 'refusal', refusal: 'R' },
      { type: 'input_text', text: 'I' },
    ),
  ],
  'history as clients send it back': [
    // Codex
    items(
      { type: 'message', role: 'developer', id: 'item_1', content: [{ type: 'input_text', text: 'D' }] },
      { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: null },
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'A' }],
      },
    ),
    // openai-node, @openai/agents
    items(
      {
        id: 'msg_1',
        role: 'assistant',
        phase: 'final_answer',
        parsed: { a: 1 },
        content: [{ type: 'output_text', text: 'A', annotations: [], parsed: null }],
      },
      {
        type: 'function_call',
        call_id: 'c',
        name: 'f',
        arguments: '{}',
        parsed_arguments: {},
        namespace: 'n',
        id: null,
      },
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'T' }], status: 'completed' },
    ),
    // AI SDK
    items({ type: 'item_reference', id: 'msg_1' }, { type: null, id: 'msg_2' }, { id: 'fc_1' }),
    items({ type: 'reasoning' }, { type: 'reasoning', summary: 'x', id: 5 }),
    items(
      { type: 'custom_tool_call', call_id: 'c', name: 'f', input: '' },
      { type: 'custom_tool_call_output', call_id: 'c', output: '' },
    ),
  ],
  'receipts of tools that others run, whatever is in them': [items(...RECEIPTS.map((type) => ({ type, id: 5 })))],
};

/** What is refused: where the fault is, its code, and requests that have it. */
const REFUSED: readonly (readonly [param: string, code: string, ...bodies: readonly object[]])[] = [
  ['model', 'missing_required_parameter', { model: undefined }, { model: null }],
  ['model', 'invalid_type', { model: 1 }, { model: ['chat'] }],
  ['prompt', 'unsupported_value', { prompt: { id: 'p' } }, { prompt: { id: 'p' }, model: undefined, input: undefined }],
  [
    'conversation',
    'unsupported_value',
    { conversation: 'c' },
    { conversation: { id: 'c' }, previous_response_id: 'r' },
  ],
  ['input', 'missing_required_parameter', { input: undefined }, { input: null }],
  ['input', 'empty_array', { input: [] }],
  ['input', 'invalid_type', { input: 5 }, { input: {} }, { input: true }],
  ['input[0]', 'invalid_type', items('Hi'), items(null), items([]), items(5)],
  ['input[0].type', 'missing_required_parameter', items({}), items({ content: 'Hi' }), items({ id: 5 })],
  [
    'input[1].type',
    'invalid_value',
    items({ role: 'user', content: '' }, { type: 'robot' }),
    items({ id: 'm' }, { type: 'x:y' }),
  ],
  ['input[0].type', 'invalid_type', items({ type: 5 }), items({ type: {} })],
  ['input[0].role', 'missing_required_parameter', items({ type: 'message', content: 'Hi' })],
  [
    'input[0].role',
    'invalid_value',
    items({ role: 'tool', content: 'Hi' }),
    items({ role: '__proto__', content: 'Hi' }),
  ],
  ['input[0].role', 'invalid_type', items({ role: 5, content: 'Hi' })],
  ['input[0].content', 'missing_required_parameter', items({ role: 'user' }), items({ role: 'system' })],
  ['input[0].content', 'invalid_type', items({ role: 'user', content: 5 }), items({ role: 'user', content: {} })],
  ['input[0].content', 'empty_array', says('user'), says('developer')],
  [
    'input[2].content[0].type',
    'invalid_value',
    items({ id: 'a' }, { id: 'b' }, { role: 'user', content: [{ type: 'text', text: 'Hi' }] }),
  ],
  [
    'input[0].content[0].type',
    'invalid_value',
    says('user', { type: 'output_text', text: 'T' }),
    says('assistant', { type: 'input_image', image_url: 'u' }),
    says('system', { type: 'input_image', image_url: 'u' }),
  ],
  ['input[0].content[0].type', 'missing_required_parameter', says('user', {})],
  ['input[0].content[0]', 'invalid_type', says('user', 'Hi'), says('assistant', null)],
  [
    'input[0].content[1].text',
    'missing_required_parameter',
    says('user', { type: 'input_text', text: '' }, { type: 'input_text' }),
  ],
  ['input[0].content[0].image_url', 'missing_required_parameter', says('user', { type: 'input_image' })],
  ['input[0].content[0].file_data', 'missing_required_parameter', says('user', { type: 'input_file', filename: 'f' })],
  [
    'input[0].content[0].detail',
    'invalid_value',
    says('user', { type: 'input_image', image_url: 'u', detail: 'some' }),
  ],
  ['input[0].call_id', 'missing_required_parameter', items({ type: 'function_call', name: 'f', arguments: '{}' })],
  ['input[0].call_id', 'string_below_min_length', items({ type: 'function_call_output', call_id: '', output: '' })],
  ['input[0].arguments', 'invalid_type', items({ type: 'function_call', call_id: 'c', name: 'f', arguments: {} })],
  ['input[0].output', 'missing_required_parameter', items({ type: 'function_call_output', call_id: 'c' })],
  ['input[0].output', 'invalid_type', items({ type: 'function_call_output', call_id: 'c', output: { a: 1 } })],
  [
    'input[0].output[0].type',
    'invalid_value',
    items({ type: 'custom_tool_call_output', call_id: 'c', output: [{ type: 'text', text: '' }] }),
  ],
  ['input[0].id', 'missing_required_parameter', items({ type: 'item_reference' })],
  ['input[0].id', 'invalid_type', items({ role: 'user', content: '', id: 5 })],
  ['stream', 'invalid_type', { stream: 'true' }, { stream: 1 }],
  ['store', 'invalid_type', { store: 'false' }],
  ['background', 'invalid_type', { background: 0 }],
  ['background', 'unsupported_value', { background: true, store: false }],
  [
    'stream_options',
    'invalid_value',
    { stream_options: {} },
    { stream: false, stream_options: { include_obfuscation: true } },
  ],
  ['stream_options.include_obfuscation', 'invalid_type', { stream: true, stream_options: { include_obfuscation: 1 } }],
  ['instructions', 'invalid_type', { instructions: ['x'] }],
  ['previous_response_id', 'invalid_type', { previous_response_id: 5 }],
  ['tools', 'invalid_type', { tools: {} }, { tools: 'web_search' }],
  ['tools[0]', 'invalid_type', { tools: ['web_search'] }, { tools: [null] }],
  ['tools[1].type', 'missing_required_parameter', { tools: [f, { name: 'f' }] }],
  ['tools[0].type', 'invalid_type', { tools: [{ type: 5 }] }],
  ['tools[0].name', 'missing_required_parameter', { tools: [{ type: 'function', function: { name: 'f' } }] }],
  ['tools[0].parameters', 'invalid_type', { tools: [{ ...f, parameters: 'x' }] }],
  ['tool_choice', 'invalid_value', { tool_choice: 'any' }, { tool_choice: 'required' }, { tool_choice: f }],
  ['tool_choice', 'invalid_value', { tools: [f], tool_choice: { type: 'custom', name: 'f' } }],
  [
    'tool_choice',
    'invalid_value',
    { tools: [f], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [f, { ...f, name: 'g' }] } },
  ],
  ['tool_choice', 'invalid_type', { tool_choice: 5 }, { tool_choice: [] }],
  ['tool_choice', 'unsupported_value', { tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } }],
  ['tool_choice', 'invalid_value', { tool_choice: { type: 'mcp', server_label: 's' } }],
  ['input[0].server_label', 'missing_required_parameter', items({ type: 'mcp_call', id: 'mcp_1' })],
  [
    'input[0].approve',
    'invalid_type',
    items({ type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: 'yes' }),
  ],
  ['tool_choice', 'unsupported_value', { tools: [{ type: 'web_search' }], tool_choice: 'required' }],
  [
    'tool_choice',
    'unsupported_value',
    { tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'web_search' }] } },
  ],
  ['tool_choice.type', 'missing_required_parameter', { tools: [f], tool_choice: { name: 'f' } }],
  ['tool_choice.name', 'missing_required_parameter', { tools: [f], tool_choice: { type: 'function' } }],
  [
    'tool_choice.mode',
    'invalid_value',
    { tools: [f], tool_choice: { type: 'allowed_tools', mode: 'some', tools: [f] } },
  ],
  ['parallel_tool_calls', 'invalid_type', { parallel_tool_calls: 'yes' }],
  ['max_tool_calls', 'invalid_type', { max_tool_calls: 1.5 }],
  ['text', 'invalid_type', { text: 'text' }, { text: [] }],
  ['text.format.type', 'invalid_value', { text: { format: { type: 'xml' } } }],
  ['text.format.type', 'missing_required_parameter', { text: { format: {} } }],
  ['text.format.name', 'missing_required_parameter', { text: { format: { type: 'json_schema', schema: {} } } }],
  ['text.format.name', 'invalid_value', { text: { format: { ...schema, name: 'a b' } } }],
  ['text.format.name', 'string_above_max_length', { text: { format: { ...schema, name: 'a'.repeat(65) } } }],
  ['text.format.schema', 'missing_required_parameter', { text: { format: { type: 'json_schema', name: 'a' } } }],
  ['text.format.schema', 'invalid_type', { text: { format: { ...schema, schema: 'x' } } }],
  ['text.verbosity', 'invalid_value', { text: { verbosity: 'loud' } }],
  ['reasoning', 'invalid_type', { reasoning: 'high' }],
  ['reasoning.effort', 'invalid_type', { reasoning: { effort: 5 } }],
  ['reasoning.summary', 'invalid_value', { reasoning: { summary: 'some' } }],
  ['include', 'invalid_type', { include: 'x' }],
  ['include[1]', 'invalid_type', { include: ['x', 5] }],
  ['top_logprobs', 'integer_above_max_value', { top_logprobs: 21 }],
  ['top_logprobs', 'integer_below_min_value', { top_logprobs: -1 }],
  ['temperature', 'decimal_above_max_value', { temperature: 2.1 }],
  ['temperature', 'invalid_type', { temperature: '0.5' }],
  ['top_p', 'decimal_above_max_value', { top_p: 1.1 }],
  ['presence_penalty', 'decimal_below_min_value', { presence_penalty: -3 }],
  ['max_output_tokens', 'integer_below_min_value', { max_output_tokens: 0 }],
  ['max_output_tokens', 'invalid_type', { max_output_tokens: 1.5 }, { max_output_tokens: '16' }],
  ['truncation', 'invalid_value', { truncation: 'some' }],
  ['metadata', 'invalid_type', { metadata: 'x' }, { metadata: [] }, { metadata: { 'a b': 5 } }],
  ['metadata.a', 'invalid_type', { metadata: { a: 5 } }],
  ['user', 'invalid_type', { user: 5 }],
  ['safety_identifier', 'string_above_max_length', { safety_identifier: 'x'.repeat(65) }],
  ['service_tier', 'invalid_type', { service_tier: 5 }],
  ['prompt_cache_key', 'invalid_type', { prompt_cache_key: 5 }],
  ['prompt_cache_options', 'invalid_type', { prompt_cache_options: 'x' }],
];

describe('validateResponseRequest, for each parameter and item,', () => {
  const accepted = Object.entries(ACCEPTED).flatMap(([what, bodies]) =>
    bodies.map((body) => [what, JSON.stringify(body), body] as const),
  );
  it.each(accepted)('accepts %s, and changes nothing: %s', (_what, _json, parameters) => {
    const body = request(parameters);
    const copy = structuredClone(body);
    expect(findFault(body)?.message).toBeUndefined();
    expect(body).toStrictEqual(copy);
  });

  const refused = REFUSED.flatMap(([param, code, ...bodies]) =>
    bodies.map((body) => [param, code, JSON.stringify(body), body] as const),
  );
  it.each(refused)('refuses %s as %s: %s', (param, code, _json, parameters) => {
    expect(findFault(request(parameters))).toMatchObject({ status: 400, param, code });
  });
});
