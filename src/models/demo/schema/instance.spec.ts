import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import * as z from 'zod';
import { UpstreamError } from '../../../errors/index.js';
import { makeInstance } from './instance.js';
import type { TextFor } from './values.js';

type Schema = boolean | Record<string, unknown>;

const textFor: TextFor = (path) => `text for ${path.join('.')}`;

async function instanceOf(schema: Schema, seed = 1): Promise<unknown> {
  return JSON.parse(await makeInstance({ schema, seed, textFor, param: 'response_format' }));
}

const standard = new Ajv2020({ strict: false, logger: false, allErrors: true });
const draft7 = new Ajv({ strict: false, logger: false, allErrors: true });
addFormats.default(standard);
addFormats.default(draft7);

/** What the standard validator has against a value, or undefined. */
function faultsOf(schema: Schema, value: unknown): string | undefined {
  const ajv = typeof schema === 'object' && String(schema.$schema).includes('draft-07') ? draft7 : standard;
  return ajv.validate(schema, value) ? undefined : `${ajv.errorsText()} in ${JSON.stringify(value)}`;
}

const text = { type: 'string' };
const strict = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const SCHEMAS: Readonly<Record<string, Schema>> = {
  'thinking and reply': strict({ thinking: text, reply: text }),
  'steps (OpenAI’s guide)': strict({
    steps: { type: 'array', items: strict({ explanation: text, output: text }) },
    final_answer: text,
  }),
  'a recursive user interface (OpenAI’s guide)': strict({
    type: { type: 'string', enum: ['div', 'button', 'form'] },
    label: text,
    children: { type: 'array', items: { $ref: '#' } },
    attributes: { type: 'array', items: strict({ name: text, value: text }) },
  }),
  'a linked list (OpenAI’s guide)': {
    ...(strict({ list: { $ref: '#/$defs/node' } }) as object),
    $defs: {
      node: strict({ value: { type: 'number' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } }),
    },
  },
  'a tree that has to end': {
    $ref: '#/definitions/tree',
    definitions: {
      tree: strict({
        value: { type: 'integer', minimum: 5000 },
        children: {
          type: 'array',
          minItems: 1,
          items: { anyOf: [{ $ref: '#/definitions/tree' }, { type: 'string', minLength: 3 }] },
        },
      }),
    },
  },
  'a deep object': Array.from({ length: 12 }).reduce<Schema>((inner) => strict({ inner }), {
    type: 'string',
    minLength: 4,
  }),
  'types of zod': z.toJSONSchema(
    z.object({
      email: z.email(),
      id: z.uuid(),
      at: z.iso.datetime(),
      day: z.iso.date(),
      url: z.url(),
      ip: z.ipv4(),
      count: z.int().positive(),
      ratio: z.number().min(0).max(1),
      tags: z.array(z.string()).min(2),
      kind: z.discriminatedUnion('type', [
        z.object({ type: z.literal('a'), x: z.string() }),
        z.object({ type: z.literal('b'), y: z.number() }),
      ]),
      scores: z.record(z.string(), z.number()),
      pair: z.tuple([z.string(), z.number()]),
      maybe: z.string().nullish(),
      code: z.string().regex(/^[A-Z]{2}-\d{3}$/),
      bytes: z.base64(),
    }),
  ),
  'enum and const': strict({
    a: { enum: ['x', 1, null, { y: [1] }] },
    b: { const: { z: [true, { w: null }] } },
    c: { const: null },
  }),
  'type unions': strict({
    a: { type: ['string', 'null'] },
    b: { type: ['integer', 'boolean'] },
    c: { type: ['array', 'object'] },
  }),
  'open ranges': strict({
    a: { type: 'integer', minimum: 70_000 },
    b: { type: 'number', maximum: -70_000.5 },
    c: { type: 'number', exclusiveMinimum: 1e6 },
    d: { type: 'number', exclusiveMaximum: -3, minimum: -3.001 },
    e: { type: 'integer', exclusiveMinimum: 3, exclusiveMaximum: 5 },
  }),
  multiples: strict({
    a: { type: 'number', multipleOf: 0.01, minimum: 3.02 },
    b: { type: 'integer', multipleOf: 7, minimum: 8, maximum: 14 },
    c: { type: 'number', multipleOf: 0.1, exclusiveMinimum: 0 },
    d: { type: 'integer', multipleOf: 1000 },
  }),
  lengths: strict({
    reply: { type: 'string', maxLength: 12 },
    thinking: { type: 'string', minLength: 300, maxLength: 301 },
    nothing: { type: 'string', maxLength: 0 },
    one: { type: 'string', minLength: 1, maxLength: 1 },
    far: { type: 'string', maxLength: 1e9 },
  }),
  patterns: {
    type: 'array',
    prefixItems: [
      '^[a-z]{3,9}$',
      '^\\d{4}-\\d{2}$',
      '^#[0-9a-fA-F]{6}$',
      '^\\+[1-9]\\d{1,14}$',
      '^(?=.*\\d)(?=.*[a-z]).{8,}$',
      '^\\p{Lu}\\w+$',
      '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)$',
      'abc',
      '^\\$\\{[a-z]+\\}$',
    ].map((pattern) => ({ type: 'string', pattern })),
    minItems: 9,
    items: false,
  },
  formats: strict(
    Object.fromEntries(
      'date time date-time duration email idn-email hostname ipv4 ipv6 uri uri-reference uri-template uuid json-pointer relative-json-pointer regex unheard-of'
        .split(' ')
        .map((format) => [format, { type: 'string', format }]),
    ),
  ),
  arrays: strict({
    two: { type: 'array', items: text, minItems: 2, maxItems: 2 },
    none: { type: 'array', items: text, maxItems: 0 },
    unique: { type: 'array', items: { enum: [1, 2, 3, 4] }, uniqueItems: true, minItems: 4 },
    both: { type: 'array', items: { type: 'boolean' }, uniqueItems: true, minItems: 2 },
    differing: { type: 'array', items: { type: 'string', maxLength: 1 }, uniqueItems: true, minItems: 3 },
    contains: { type: 'array', items: text, contains: { const: 'x' }, minItems: 3 },
    anything: { type: 'array', minItems: 1 },
  }),
  'a tuple of draft 7': {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'array',
    items: [{ type: 'string' }, { type: 'integer' }],
    additionalItems: false,
    minItems: 2,
  },
  'dependencies of draft 7': {
    type: 'object',
    properties: { a: { type: 'integer' }, b: text, c: text },
    required: ['a'],
    dependencies: { a: ['b'], b: { required: ['c'] } },
  },
  'additional properties': {
    type: 'object',
    minProperties: 3,
    additionalProperties: { type: 'string', format: 'date' },
  },
  dependencies: {
    ...(strict({ a: { type: 'integer' } }) as object),
    additionalProperties: true,
    dependentRequired: { a: ['b'] },
  },
  'if and then': {
    type: 'object',
    properties: { a: { const: true }, b: text },
    required: ['a'],
    if: { properties: { a: { const: true } } },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ['b'] },
  },
  'exactly one': { oneOf: [{ type: 'number' }, { type: 'integer', minimum: 3 }] },
  'one of two objects': {
    oneOf: [
      { type: 'object', properties: { a: text }, required: ['a'] },
      { type: 'object', properties: { b: text }, required: ['b'] },
    ],
  },
  'all of': {
    allOf: [
      { type: 'object', properties: { a: { minimum: 3 } }, required: ['a'] },
      { properties: { a: { type: 'integer', maximum: 4 } } },
      { $ref: '#/$defs/b' },
    ],
    $defs: { b: { type: 'object', properties: { b: { type: 'string', minLength: 9 } }, required: ['b'] } },
  },
  not: { type: 'integer', minimum: 0, maximum: 3, not: { enum: [0, 1, 2] } },
  'annotations and extensions': {
    title: 'T',
    description: 'D',
    'x-order': ['b', 'a'],
    ...(strict({
      b: { ...text, title: 'B', faker: 'name', template: '#{a}', default: 5 },
      a: { type: 'integer', autoIncrement: true },
    }) as object),
  },
  'components of OpenAPI': {
    $ref: '#/components/schemas/a',
    components: { schemas: { a: strict({ a: { $ref: '#/components/schemas/b~1c' } }), 'b/c': { type: 'integer' } } },
  },
  'an empty schema': {},
  true: true,
};

describe('makeInstance', () => {
  it.each(Object.entries(SCHEMAS))('fits the schema with %s', async (_name, schema) => {
    for (let seed = 0; seed < 10; seed++) expect(faultsOf(schema, await instanceOf(schema, seed))).toBeUndefined();
  });

  it('fits any schema that can be fitted', async () => {
    await fc.assert(
      fc.asyncProperty(anySchema(), fc.nat(), async (schema, seed) => {
        expect(faultsOf(schema, await instanceOf(schema, seed))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same instance for the same seed', async () => {
    const schema = SCHEMAS['types of zod'] ?? true;
    expect(await instanceOf(schema, 7)).toEqual(await instanceOf(schema, 7));
    expect(await instanceOf(schema, 7)).not.toEqual(await instanceOf(schema, 8));
  });

  it('keeps the order of the properties', async () => {
    const properties = { z: text, a: { type: 'integer' }, m: { type: 'object', properties: { y: text, b: text } } };
    const schema = { type: 'object', properties, required: ['m', 'a', 'z'] };
    expect(Object.keys((await instanceOf(schema)) as object)).toEqual(['z', 'a', 'm']);
    expect(await makeInstance({ schema, seed: 1, textFor, param: 'tools' })).toMatch(/"z":.*"a":.*"m":\{"y":.*"b":/);
  });

  it('asks for the text of each string that is free, by its path', async () => {
    const schema = strict({
      a: text,
      'b/c': strict({ d: { type: ['string', 'null'] } }),
      e: { type: 'array', items: text, minItems: 2, maxItems: 2 },
    });
    expect(await instanceOf(schema)).toEqual({
      a: 'text for a',
      'b/c': { d: 'text for b/c.d' },
      e: ['text for e.0', 'text for e.1'],
    });
    expect(await instanceOf(text)).toBe('text for ');
  });

  it('fits texts into their bounds, by characters and between words', async () => {
    const bounded = (bounds: object): Promise<string> =>
      makeInstance({ schema: { ...text, ...bounds }, seed: 1, textFor: () => 'one 🦖🦖 three', param: 'tools' });
    expect(await bounded({ maxLength: 6 })).toBe('"one 🦖🦖"');
    expect(await bounded({ maxLength: 5 })).toBe('"one"');
    expect(await bounded({ minLength: 5, maxLength: 5 })).toBe('"one 🦖"');
    expect(await bounded({ minLength: 14 })).toBe('"one 🦖🦖 three o"');
  });

  it('prefers numbers that a reader can take in', async () => {
    const schema = strict({
      score: { type: 'number', minimum: 0, maximum: 1 },
      count: { type: 'integer' },
      id: { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    });
    for (let seed = 0; seed < 20; seed++) {
      const { score, count, id } = (await instanceOf(schema, seed)) as Record<string, number>;
      expect(String(score)).toMatch(/^[01](\.\d{1,2})?$/);
      for (const number of [count, id]) expect(String(number)).toMatch(/^\d{1,3}$/);
    }
  });

  it.each<[string, Schema]>([
    ['allows nothing', false],
    ['contradicts itself', { type: 'integer', minimum: 3, maximum: 2 }],
    ['never ends', { $ref: '#' }],
    ['points nowhere', { $ref: '#/$defs/missing' }],
    ['points to another server', { $ref: 'https://example.com/schema.json' }],
    ['has a broken pattern', { type: 'string', pattern: '(' }],
  ])('says so if the schema %s', async (_fault, schema) => {
    const error = await makeInstance({ schema, seed: 1, textFor, param: 'response_format' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      param: 'response_format',
      retryable: false,
    });
  });

  // Each of them would keep the process busy for hours.
  it.each<[string, Schema]>([
    ['a pattern', { allOf: [{ const: `${'a'.repeat(60)}!` }, { pattern: '^(a+)+$' }] }],
    ['a number of items', { type: 'array', items: text, minItems: 1e9 }],
    ['a length', { type: 'string', minLength: 1e9 }],
  ])('is not held up by %s', async (_what, schema) => {
    await expect(instanceOf(schema)).rejects.toThrow(UpstreamError);
  });

  it('reads the exclusive bounds of draft 4, and nullable of OpenAPI', async () => {
    const schema = { type: 'integer', minimum: 3, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: true };
    for (let seed = 0; seed < 10; seed++) expect(await instanceOf(schema, seed)).toBe(4);
    expect(await instanceOf({ type: 'string', nullable: true, maxLength: 4 })).toBe('text');
  });

  it('leaves the schema as it was', async () => {
    const schema = structuredClone(SCHEMAS['all of'] ?? true);
    await instanceOf(schema);
    expect(schema).toEqual(SCHEMAS['all of']);
  });
});

/** Schemas of many kinds, nested, each of which has instances. */
function anySchema(): fc.Arbitrary<Schema> {
  const bounds = fc.tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 1, max: 50 }));
  const leaf = fc.oneof(
    fc.constantFrom<Schema>(text, { type: 'boolean' }, { type: 'null' }, {}, true),
    fc
      .constantFrom(['string', 'null'], ['integer', 'null'], ['array', 'object'], ['number', 'boolean'])
      .map((type) => ({ type })),
    fc.integer({ min: -10_000, max: 10_000 }).map((minimum) => ({ type: 'integer', minimum })),
    bounds.map(([least, width]) => ({ type: 'integer', minimum: least, maximum: least + width })),
    bounds.map(([least, width]) => ({ type: 'number', exclusiveMinimum: least, exclusiveMaximum: least + width })),
    fc
      .tuple(fc.constantFrom(0.01, 0.25, 3, 100), bounds)
      .map(([multipleOf, [minimum]]) => ({ type: 'number', multipleOf, minimum })),
    fc.tuple(fc.nat(20), fc.nat(20)).map(([minLength, more]) => ({ ...text, minLength, maxLength: minLength + more })),
    fc
      .constantFrom('date', 'time', 'date-time', 'email', 'uri', 'uuid', 'ipv6', 'hostname')
      .map((format) => ({ ...text, format })),
    fc
      .constantFrom('^[a-z]{3,9}$', '^(foo|bar)+$', '^[^@]+@[^@]+$', '^\\p{Lu}\\w+$')
      .map((pattern) => ({ ...text, pattern })),
    fc
      .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { minLength: 1, maxLength: 4 })
      .map((options) => ({ enum: options })),
    fc
      .oneof(
        fc.constant(null),
        fc.integer(),
        fc.string(),
        fc.array(fc.boolean()),
        fc.record({ key: fc.string() }, { noNullPrototype: true }),
      )
      .map((value) => ({ const: value })),
  );
  const names = fc.constantFrom(
    'reply',
    'thinking',
    'score',
    'tags',
    'a/b',
    'x~y',
    'type',
    'items',
    'properties',
    'required',
  );
  return fc.letrec<{ schema: Schema; object: Schema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaf,
      tie('object'),
      fc
        .tuple(tie('schema'), fc.nat(2), fc.nat(2))
        .map(([items, minItems, more]) => ({ type: 'array', items, minItems, maxItems: minItems + more })),
      fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
      // Branches that name different properties never contradict each other.
      fc.tuple(tie('schema'), tie('schema'), fc.boolean()).map(([a, b, required]) => ({
        allOf: [
          { type: 'object', properties: { a }, required: required ? ['a'] : [] },
          { type: 'object', properties: { b }, required: ['b'] },
        ],
      })),
      fc.tuple(tie('schema'), tie('schema')).map(([a, b]) => ({ oneOf: [strict({ a }), strict({ b })] })),
    ),
    object: fc
      .tuple(fc.dictionary(names, tie('schema'), { maxKeys: 4, noNullPrototype: true }), fc.boolean(), fc.boolean())
      .map(([properties, required, additionalProperties]) => ({
        type: 'object',
        properties,
        required: required ? Object.keys(properties) : [],
        additionalProperties,
      })),
  })).schema;
}
