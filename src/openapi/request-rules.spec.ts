import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { validateSync } from 'class-validator';
import { ChatCompletionRequest, validateChatCompletionRequest } from '../api/completions/index.js';
import { InvalidRequestError } from '../errors/index.js';
import { isJsonObject } from '../kernel/json-object.js';
import { type RuleSet, compileRuleSet } from '../schema/rules/rule-set.js';
import { makeOpenApiSchemas } from './openapi-schemas.js';

/**
 * Every rule once, read three times: by the validator, by class-validator itself on instances, and by the published JSON
 * Schema. `knownTo` tells which of them beside the first can express a refusal: both, one of them, or only our code.
 */
interface Row {
  readonly title: string;
  readonly body: unknown;
  readonly refused?: { readonly param: string; readonly code: string };
  readonly knownTo: 'all' | 'schema' | 'decorators' | 'code';
}

const rows: Row[] = [];
const user = { role: 'user', content: 'Hi' };
const tool = { type: 'function', function: { name: 'f' } };

function request(parameters: object): object {
  return { model: 'chat', messages: [user], ...parameters };
}

function accept(...bodies: readonly object[]): void {
  for (const body of bodies) rows.push({ title: JSON.stringify(body), body: request(body), knownTo: 'all' });
}

function refuse(param: string, code: string, bodies: readonly object[], knownTo: Row['knownTo'] = 'all'): void {
  for (const body of bodies) {
    rows.push({ title: JSON.stringify(body), body: request(body), refused: { param, code }, knownTo });
  }
}

const messages = (...list: readonly unknown[]) => ({ messages: list });
const content = (...parts: readonly unknown[]) => messages({ role: 'user', content: parts });
const makeAssistant = (message: object) => messages({ role: 'assistant', ...message });

// Required parameters
accept({ model: '' }, { model: '__proto__' });
refuse('model', 'missing_required_parameter', [{ model: undefined }]);
refuse('model', 'invalid_type', [{ model: null }, { model: 1 }, { model: ['chat'] }, { model: {} }]);
refuse('messages', 'missing_required_parameter', [{ messages: undefined }]);
refuse('messages', 'invalid_type', [{ messages: null }, { messages: 'Hi' }, { messages: { 0: user } }]);
refuse('messages', 'empty_array', [{ messages: [] }]);

// Booleans
for (const name of ['stream', 'logprobs', 'parallel_tool_calls', 'store']) {
  accept({ [name]: true }, { [name]: false }, { [name]: null });
  refuse(name, 'invalid_type', [{ [name]: 'true' }, { [name]: 'false' }, { [name]: 1 }, { [name]: {} }]);
}
accept({ stream: true, stream_options: { include_usage: true, continuous_usage_stats: true } });
accept({ stream_options: null }, { stream_options: {} }, { stream_options: { include_usage: null } });
refuse('stream_options', 'invalid_type', [{ stream_options: true }, { stream_options: [] }]);
refuse('stream_options.include_usage', 'invalid_type', [{ stream_options: { include_usage: 'yes' } }]);
refuse('stream_options.include_obfuscation', 'invalid_type', [{ stream_options: { include_obfuscation: 0 } }]);

// Numbers
for (const [name, min, max] of [
  ['temperature', 0, 2],
  ['top_p', 0, 1],
  ['presence_penalty', -2, 2],
  ['frequency_penalty', -2, 2],
] as const) {
  accept({ [name]: 0 }, { [name]: min }, { [name]: max }, { [name]: 0.25 }, { [name]: null });
  refuse(name, 'invalid_type', [{ [name]: '0.5' }, { [name]: true }, { [name]: [1] }]);
  refuse(name, 'decimal_below_min_value', [{ [name]: min - 0.01 }]);
  refuse(name, 'decimal_above_max_value', [{ [name]: max + 0.01 }]);
}
for (const name of ['max_tokens', 'max_completion_tokens']) {
  accept({ [name]: 1 }, { [name]: 4096 }, { [name]: null });
  refuse(name, 'integer_below_min_value', [{ [name]: 0 }, { [name]: -1 }]);
  refuse(name, 'invalid_type', [{ [name]: 1.5 }, { [name]: '16' }]);
}
accept({ max_tokens: 5, max_completion_tokens: 6 });
accept({ n: 1 }, { n: null });
refuse('n', 'unsupported_value', [{ n: 2 }, { n: 128 }, { n: 129 }]);
refuse('n', 'integer_below_min_value', [{ n: 0 }]);
refuse('n', 'invalid_type', [{ n: 1.5 }, { n: '1' }]);
accept({ seed: 0 }, { seed: -7 }, { seed: 2 ** 62 }, { seed: null });
refuse('seed', 'integer_above_max_value', [{ seed: 1e19 }]);
refuse('seed', 'integer_below_min_value', [{ seed: -1e19 }]);
refuse('seed', 'invalid_type', [{ seed: 0.5 }]);
accept({ logprobs: true, top_logprobs: 0 }, { logprobs: true, top_logprobs: 20 }, { top_logprobs: null });
refuse('top_logprobs', 'integer_above_max_value', [{ logprobs: true, top_logprobs: 21 }]);
refuse('top_logprobs', 'integer_below_min_value', [{ logprobs: true, top_logprobs: -1 }]);
refuse('top_logprobs', 'invalid_value', [{ top_logprobs: 2 }, { logprobs: false, top_logprobs: 2 }], 'code');

// Strings, whose values are up to the providers
for (const name of ['user', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention']) {
  accept({ [name]: '' }, { [name]: 'x'.repeat(100) }, { [name]: null });
  refuse(name, 'invalid_type', [{ [name]: 5 }]);
}
for (const name of ['service_tier', 'reasoning_effort', 'verbosity']) {
  accept({ [name]: 'low' }, { [name]: 'brand-new' }, { [name]: null });
  refuse(name, 'invalid_type', [{ [name]: 5 }, { [name]: {} }]);
}

// Stop, maps
accept({ stop: '' }, { stop: '\n' }, { stop: ['a', 'b', 'c', 'd'] }, { stop: null });
refuse('stop', 'invalid_type', [{ stop: 5 }, { stop: {} }]);
refuse('stop', 'empty_array', [{ stop: [] }]);
refuse('stop', 'array_above_max_length', [{ stop: ['a', 'b', 'c', 'd', 'e'] }]);
refuse('stop[1]', 'invalid_type', [{ stop: ['a', null] }]);
for (const name of ['logit_bias', 'metadata']) {
  accept({ [name]: {} }, { [name]: { 50256: -100 } }, { [name]: null });
  refuse(name, 'invalid_type', [{ [name]: [] }, { [name]: 'x' }]);
}

// The form of the output
const jsonSchema = (schema: unknown) => ({ response_format: { type: 'json_schema', json_schema: schema } });
accept({ response_format: { type: 'text' } }, { response_format: { type: 'json_object' } }, { response_format: null });
accept(jsonSchema({ name: 'a_B-9', strict: true, description: '', schema: { type: 'object' } }));
accept(jsonSchema({ name: 'a'.repeat(64), strict: null, description: null, schema: null }));
refuse('response_format', 'invalid_type', [{ response_format: 'text' }, { response_format: [] }]);
refuse('response_format.type', 'missing_required_parameter', [{ response_format: {} }]);
refuse('response_format.type', 'invalid_type', [{ response_format: { type: null } }]);
refuse('response_format.type', 'invalid_value', [
  { response_format: { type: 'sound' } },
  { response_format: { type: 'constructor' } },
]);
refuse('response_format.json_schema', 'missing_required_parameter', [{ response_format: { type: 'json_schema' } }]);
refuse('response_format.json_schema', 'invalid_type', [jsonSchema('x'), jsonSchema(null)]);
refuse('response_format.json_schema.name', 'missing_required_parameter', [jsonSchema({})]);
refuse('response_format.json_schema.name', 'invalid_type', [jsonSchema({ name: 1 })]);
refuse('response_format.json_schema.name', 'invalid_value', [
  jsonSchema({ name: '' }),
  jsonSchema({ name: 'a b' }),
  jsonSchema({ name: 'ä' }),
  jsonSchema({ name: 'a\n' }),
]);
refuse('response_format.json_schema.name', 'string_above_max_length', [jsonSchema({ name: 'a'.repeat(65) })]);
refuse('response_format.json_schema.schema', 'invalid_type', [jsonSchema({ name: 'a', schema: [] })]);
refuse('response_format.json_schema.strict', 'invalid_type', [jsonSchema({ name: 'a', strict: 'true' })]);
accept({ modalities: ['text'] }, { modalities: ['image', 'text'] }, { modalities: null }, { audio: null });
accept({ modalities: ['text', 'audio'], audio: { voice: { id: 'v' }, format: 'wav' } }, { web_search_options: {} });
refuse('modalities', 'invalid_type', [{ modalities: 'text' }]);
refuse('modalities[0]', 'invalid_type', [{ modalities: [1] }]);
refuse('audio', 'invalid_type', [{ audio: 'alloy' }, { audio: [] }]);
refuse('web_search_options', 'invalid_type', [{ web_search_options: true }]);

// Tools
accept(
  { tools: [tool] },
  { tools: null },
  { tools: [{ type: 'custom', custom: { name: 'c', format: { type: 'text' } } }] },
);
accept({
  tools: [
    { type: 'function', function: { name: 'f', description: '', strict: false, parameters: { type: 'object' } } },
  ],
});
refuse('tools', 'empty_array', [{ tools: [] }]);
refuse('tools', 'invalid_type', [{ tools: tool }]);
refuse('tools[0]', 'invalid_type', [{ tools: ['f'] }, { tools: [null] }]);
refuse('tools[1].type', 'missing_required_parameter', [{ tools: [tool, { function: { name: 'f' } }] }]);
refuse('tools[0].type', 'invalid_value', [{ tools: [{ type: 'retrieval' }] }, { tools: [{ type: '__proto__' }] }]);
refuse('tools[0].function', 'missing_required_parameter', [{ tools: [{ type: 'function' }] }]);
refuse('tools[0].function.name', 'missing_required_parameter', [{ tools: [{ type: 'function', function: {} }] }]);
refuse('tools[0].function.name', 'string_below_min_length', [
  { tools: [{ type: 'function', function: { name: '' } }] },
]);
refuse('tools[0].function.parameters', 'invalid_type', [
  { tools: [{ type: 'function', function: { name: 'f', parameters: '{}' } }] },
]);
refuse('tools[0].custom.name', 'invalid_type', [{ tools: [{ type: 'custom', custom: { name: 5 } }] }]);
accept(
  ...[
    'none',
    'auto',
    'required',
    null,
    { type: 'function', function: { name: 'f' } },
    { type: 'custom', custom: { name: 'f' } },
    { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] } },
  ].map((choice) => ({ tools: [tool], tool_choice: choice })),
);
accept({ tool_choice: null });
refuse('tool_choice', 'invalid_value', [{ tool_choice: 'auto' }, { tool_choice: 'none', tools: null }], 'code');
refuse('tool_choice', 'invalid_value', [{ tools: [tool], tool_choice: 'any' }]);
refuse('tool_choice', 'invalid_type', [{ tools: [tool], tool_choice: true }]);
refuse('tool_choice.type', 'invalid_value', [{ tools: [tool], tool_choice: { type: 'f' } }]);
refuse('tool_choice.function.name', 'missing_required_parameter', [
  { tools: [tool], tool_choice: { type: 'function', function: {} } },
]);
refuse('tool_choice.allowed_tools.mode', 'invalid_value', [
  { tools: [tool], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'none', tools: [] } } },
]);
accept({ functions: null }, { function_call: null });
refuse('functions', 'unsupported_value', [{ functions: [{ name: 'f' }] }, { functions: [] }, { functions: {} }]);
refuse('function_call', 'unsupported_value', [{ function_call: 'auto' }, { function_call: { name: 'f' } }]);

// Parameters that the server does not know
accept({ top_k: 40, min_p: 'x', chat_template_kwargs: { a: [null] }, thinking: { type: 'enabled' }, reasoning: 5 });
accept({ prediction: { type: 'content' }, web_search_options: {}, moderation: null, prompt_cache_options: {} });

// Messages: role
refuse('messages[1]', 'invalid_type', [messages(user, 'Hi'), messages(user, null)]);
// class-validator takes an array within an array for two nested arrays.
refuse('messages[1]', 'invalid_type', [messages(user, []), messages(user, [user])], 'schema');
refuse('messages[0].role', 'missing_required_parameter', [messages({ content: 'Hi' })]);
refuse('messages[0].role', 'invalid_type', [messages({ role: null, content: 'Hi' }), messages({ role: 5 })]);
refuse('messages[1].role', 'invalid_value', [
  messages(user, { role: 'robot', content: 'Hi' }),
  messages(user, { role: '', content: 'Hi' }),
  messages(user, { role: 'constructor', content: 'Hi' }),
  messages(user, { role: '__proto__', content: 'Hi' }),
]);

// Messages: text and parts
const text = { type: 'text', text: 'Hi' };
const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
for (const role of ['system', 'developer', 'user', 'tool']) {
  const message = { role, ...(role === 'tool' && { tool_call_id: 'call_1' }) };
  accept(messages({ ...message, content: '' }), messages({ ...message, content: 'a\0\ud83d\u2028' }));
  accept(messages({ ...message, content: [text, { ...text, text: '', prompt_cache_breakpoint: { mode: 'x' } }] }));
  accept(messages({ ...message, content: 'Hi', name: role === 'tool' ? 5 : 'Ann', extra: { __proto__: null } }));
  refuse('messages[0].content', 'missing_required_parameter', [messages(message)]);
  refuse('messages[0].content', 'invalid_type', [
    messages({ ...message, content: null }),
    messages({ ...message, content: 5 }),
    messages({ ...message, content: text }),
  ]);
  refuse('messages[0].content', 'empty_array', [messages({ ...message, content: [] })]);
  refuse('messages[0].content[1]', 'invalid_type', [messages({ ...message, content: [text, 'Hi'] })]);
  refuse('messages[0].content[1].type', 'missing_required_parameter', [messages({ ...message, content: [text, {}] })]);
  refuse('messages[0].content[1].type', 'invalid_value', [
    messages({ ...message, content: [text, { type: 'video' }] }),
    messages({ ...message, content: [text, { type: 'toString' }] }),
    ...(role === 'user' ? [] : [messages({ ...message, content: [text, image] })]),
  ]);
  refuse('messages[0].content[0].text', 'missing_required_parameter', [
    messages({ ...message, content: [{ type: 'text' }] }),
  ]);
  refuse('messages[0].content[0].text', 'invalid_type', [
    messages({ ...message, content: [{ type: 'text', text: 1 }] }),
  ]);
}
refuse('messages[0].name', 'invalid_type', [messages({ ...user, name: 5 })]);

// Messages: other parts
accept(content(image, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'high' } }));
accept(content({ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mp3' } }));
accept(content({ type: 'file', file: { file_id: 'f' } }, { type: 'file', file: { filename: 'a', file_data: 'AA==' } }));
const part0 = 'messages[0].content[0]';
refuse(`${part0}.image_url`, 'missing_required_parameter', [content({ type: 'image_url' })]);
refuse(`${part0}.image_url`, 'invalid_type', [content({ type: 'image_url', image_url: 'https://example.com' })]);
refuse(`${part0}.image_url.url`, 'missing_required_parameter', [content({ type: 'image_url', image_url: {} })]);
refuse(`${part0}.image_url.url`, 'string_below_min_length', [content({ type: 'image_url', image_url: { url: '' } })]);
refuse(`${part0}.image_url.url`, 'invalid_type', [content({ type: 'image_url', image_url: { url: {} } })]);
refuse(`${part0}.image_url.detail`, 'invalid_value', [
  content({ type: 'image_url', image_url: { url: 'https://example.com', detail: 'ultra' } }),
]);
refuse(`${part0}.input_audio.data`, 'missing_required_parameter', [
  content({ type: 'input_audio', input_audio: { format: 'wav' } }),
]);
refuse(`${part0}.input_audio.data`, 'invalid_type', [
  content({ type: 'input_audio', input_audio: { data: [1], format: 'wav' } }),
]);
refuse(`${part0}.input_audio.format`, 'invalid_value', [
  content({ type: 'input_audio', input_audio: { data: 'AA==', format: 'ogg' } }),
]);
refuse(`${part0}.file`, 'missing_required_parameter', [content({ type: 'file' })]);
refuse(`${part0}.file.file_data`, 'invalid_type', [content({ type: 'file', file: { file_data: 5 } })]);

// Messages: assistant, tool, function
const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
accept(
  makeAssistant({ content: '' }),
  makeAssistant({ content: 'Hi', reasoning_content: 'Hm', reasoning: 5, annotations: [{}] }),
);
accept(makeAssistant({ content: null, tool_calls: [call] }), makeAssistant({ tool_calls: [call] }));
accept(makeAssistant({ tool_calls: [{ id: 'call_2', type: 'custom', custom: { name: 'c', input: '' } }] }));
accept(
  makeAssistant({ function_call: { name: 'f', arguments: '' } }),
  makeAssistant({ refusal: '' }),
  makeAssistant({ audio: { id: 'audio_1' } }),
);
accept(makeAssistant({ content: [text, text] }), makeAssistant({ content: [{ type: 'refusal', refusal: 'No.' }] }));
accept(makeAssistant({ content: 'Hi', tool_calls: [], refusal: null, audio: null, function_call: null, name: null }));
refuse(
  'messages[0].content',
  'missing_required_parameter',
  [
    makeAssistant({}),
    makeAssistant({ content: null }),
    makeAssistant({ tool_calls: [] }),
    makeAssistant({ refusal: null, reasoning_content: 'Hm' }),
  ],
  'decorators',
);
refuse('messages[0].content', 'empty_array', [makeAssistant({ content: [] })]);
refuse('messages[0].content', 'invalid_type', [makeAssistant({ content: 5, tool_calls: [call] })]);
refuse(
  'messages[0].content',
  'invalid_value',
  [makeAssistant({ content: [text, { type: 'refusal', refusal: '' }] })],
  'decorators',
);
refuse('messages[0].content[0].type', 'invalid_value', [makeAssistant({ content: [image] })]);
refuse('messages[0].content[0].refusal', 'missing_required_parameter', [
  makeAssistant({ content: [{ type: 'refusal' }] }),
]);
refuse('messages[0].tool_calls', 'invalid_type', [makeAssistant({ content: '', tool_calls: call })]);
refuse('messages[0].tool_calls[1].id', 'missing_required_parameter', [
  makeAssistant({ tool_calls: [call, { ...call, id: undefined }] }),
]);
refuse('messages[0].tool_calls[0].type', 'missing_required_parameter', [makeAssistant({ tool_calls: [{ id: 'a' }] })]);
refuse('messages[0].tool_calls[0].type', 'invalid_value', [
  makeAssistant({ tool_calls: [{ ...call, type: 'valueOf' }] }),
]);
refuse('messages[0].tool_calls[0].function.arguments', 'invalid_type', [
  makeAssistant({ tool_calls: [{ ...call, function: { name: 'f', arguments: {} } }] }),
]);
refuse('messages[0].function_call.arguments', 'missing_required_parameter', [
  makeAssistant({ function_call: { name: 'f' } }),
]);
refuse('messages[0].audio.id', 'missing_required_parameter', [makeAssistant({ audio: {} })]);
refuse('messages[0].refusal', 'invalid_type', [makeAssistant({ content: '', refusal: {} })]);
refuse('messages[0].tool_call_id', 'missing_required_parameter', [messages({ role: 'tool', content: 'Hi' })]);
refuse('messages[0].tool_call_id', 'invalid_type', [messages({ role: 'tool', content: 'Hi', tool_call_id: null })]);
accept(
  messages({ role: 'function', name: 'f', content: null }),
  messages({ role: 'function', name: 'f', content: '' }),
);
refuse('messages[0].name', 'missing_required_parameter', [messages({ role: 'function', content: 'Hi' })]);
refuse('messages[0].content', 'invalid_type', [messages({ role: 'function', name: 'f', content: [text] })]);

/** As the body of a request: without properties that are undefined. */
const parseBody = (row: Row): unknown => JSON.parse(JSON.stringify(row.body));
const good = rows.filter(({ refused }) => refused === undefined);
const bad = rows.filter(({ refused }) => refused !== undefined);

describe('the rules of a request', () => {
  it.each(good)('accept $title', (row) => {
    const body = parseBody(row);
    expect(validateChatCompletionRequest(body)).toBe(body);
  });

  it.each(bad)('refuse $title', (row) => {
    const validate = () => validateChatCompletionRequest(parseBody(row));
    expect(validate).toThrow(InvalidRequestError);
    expect(validate).toThrow(expect.objectContaining({ status: 400, ...row.refused }));
  });
});

/** Instances all the way down, as class-validator wants them. class-transformer throws for null in an array. */
function makeInstance({ type, properties }: RuleSet, json: object): object {
  const instance = new type() as Record<string, unknown>;
  Object.assign(instance, json);
  for (const { name, nested } of properties) {
    const nest = (value: unknown): unknown => {
      if (!isJsonObject(value)) return value;
      const rules = nested?.variants.get(nested.discriminator === undefined ? '' : String(value[nested.discriminator]));
      return rules === undefined ? value : makeInstance(rules, value);
    };
    const value = instance[name];
    if (nested !== undefined) instance[name] = Array.isArray(value) ? value.map(nest) : nest(value);
  }
  return instance;
}

describe('the same rules, checked by class-validator on instances', () => {
  it.each(rows.filter(({ knownTo }) => knownTo === 'all' || knownTo === 'decorators'))('agree on $title', (row) => {
    const instance = makeInstance(compileRuleSet(ChatCompletionRequest), parseBody(row) as object);
    expect(validateSync(instance).length > 0).toBe(row.refused !== undefined);
  });
});

describe('the JSON Schema made of the rules', () => {
  const ajv = new Ajv({ strict: false });
  const satisfies = ajv.compile({
    $ref: '#/components/schemas/ChatCompletionRequest',
    components: { schemas: makeOpenApiSchemas() },
  });

  it.each(rows)('agrees on $title', (row) => {
    expect(satisfies(parseBody(row))).toBe(
      row.refused === undefined || row.knownTo === 'decorators' || row.knownTo === 'code',
    );
  });
});
