import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { IsString } from 'class-validator';
import { makeOpenApiSchemas } from './openapi-schemas.js';

/** Registered with class-validator like the protocol's own classes. */
class Stranger {
  @IsString()
  readonly name: string;
}

const TYPES: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object']);

const schemas = makeOpenApiSchemas();
const ajv = new Ajv({ strict: false });

function satisfies(name: string, value: unknown): boolean {
  return ajv.validate({ $ref: `#/components/schemas/${name}`, components: { schemas } }, value);
}

/** All objects within a value, with their paths. */
function* listObjects(value: unknown, path = ''): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value as Record<string, unknown>];
  for (const [key, child] of Object.entries(value)) {
    if (key !== 'example') yield* listObjects(child, `${path}/${key}`);
  }
}

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1795344000,
  model: 'chat',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hi', refusal: null, reasoning_content: 'Hm', reasoning: 'Hm' },
      logprobs: { content: [{ token: 'Hi', logprob: -0.1, bytes: null, top_logprobs: [] }], refusal: null },
      finish_reason: 'stop',
    },
  ],
};
const chunk = {
  ...completion,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content: 'Hi' }, logprobs: null, finish_reason: null }],
};
const usage = {
  prompt_tokens: 11,
  completion_tokens: 5,
  total_tokens: 16,
  prompt_tokens_details: { cached_tokens: 4 },
};

describe('makeOpenApiSchemas', () => {
  it('holds the bodies of the API and nothing that others registered', () => {
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining([
        'ChatCompletionRequest',
        'ChatCompletion',
        'ChatCompletionChunk',
        'CompletionUsage',
        'ErrorEnvelope',
        'ModelCard',
        'ModelList',
      ]),
    );
    expect(schemas).not.toHaveProperty(Stranger.name);
  });

  it.each(Object.keys(schemas))('%s compiles, so that all its references resolve', (name) => {
    expect(() => ajv.compile({ $ref: `#/components/schemas/${name}`, components: { schemas } })).not.toThrow();
  });

  it('is OpenAPI 3.0: single types, nullable beside a type, references alone, no keywords of later drafts', () => {
    for (const [path, schema] of listObjects(schemas)) {
      if (/\/(properties|mapping)$/.test(path)) continue;
      const faults = [
        'type' in schema && !TYPES.has(schema['type']),
        'nullable' in schema && !('type' in schema),
        '$ref' in schema && Object.keys(schema).length > 1,
        ['const', 'if', 'examples', 'not'].some((keyword) => keyword in schema),
      ];
      expect([path, ...faults]).toEqual([path, false, false, false, false]);
    }
  });

  it('describes every class and every property', () => {
    for (const [name, schema] of Object.entries(schemas)) {
      expect([name, schema.description]).toEqual([name, expect.stringMatching(/\.$/)]);
      for (const [property, form] of Object.entries(schema.properties ?? {})) {
        expect([name, property, form]).toEqual([
          name,
          property,
          expect.objectContaining({ description: expect.any(String) }),
        ]);
      }
    }
  });

  it('has examples that satisfy their schemas', () => {
    for (const [name, { example, properties }] of Object.entries(schemas)) {
      expect([name, example === undefined || satisfies(name, example)]).toEqual([name, true]);
      for (const [property, form] of Object.entries(properties ?? {})) {
        if (!('example' in form)) continue;
        const inPlace = { $ref: `#/components/schemas/${name}/properties/${property}`, components: { schemas } };
        expect([name, property, ajv.validate(inPlace, form['example'])]).toEqual([name, property, true]);
      }
    }
  });

  it.each([
    ['ChatCompletion', completion],
    ['ChatCompletion', { ...completion, usage, system_fingerprint: null, service_tier: 'default' }],
    ['ChatCompletionChunk', chunk],
    ['ChatCompletionChunk', { ...chunk, choices: [], usage }],
    ['ChatCompletionChunk', { ...chunk, usage: null, millrace: { type: 'node.started' } }],
    ['CompletionUsage', usage],
    ['ErrorEnvelope', { error: { message: 'No.', type: 'server_error', param: null, code: null } }],
    ['ModelList', { object: 'list', data: [{ id: 'chat', object: 'model', created: 1, owned_by: 'x', millrace: {} }] }],
  ])('%s takes %j', (name, value) => {
    expect(satisfies(name, value)).toBe(true);
  });

  it.each([
    ['ChatCompletion', { ...completion, usage: null }],
    ['ChatCompletion', { ...completion, choices: [{ index: 0, message: {}, logprobs: null, finish_reason: 'stop' }] }],
    ['ChatCompletion', { ...completion, created: 1.5 }],
    ['ChatCompletionChunk', { ...chunk, choices: [{ index: 0, delta: {} }] }],
    ['ChatCompletionChunk', { ...chunk, object: 'chat.completion' }],
    ['ChatCompletionChunk', { ...chunk, choices: [{ index: 0, delta: { role: 'user' }, finish_reason: null }] }],
    ['CompletionUsage', { ...usage, prompt_tokens_details: { cached_tokens: '4' } }],
    ['ErrorEnvelope', { error: { message: 'No.', type: 'server_error', param: null } }],
    ['ModelCard', { id: 'chat', object: 'model', created: 1 }],
  ])('%s does not take %j', (name, value) => {
    expect(satisfies(name, value)).toBe(false);
  });
});
