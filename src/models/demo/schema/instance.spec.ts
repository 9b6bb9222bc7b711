import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import * as z from 'zod';
import { UpstreamError } from '../../../errors/index.js';
import { type Choices, makeInstance } from './instance.js';

type Schema = boolean | Record<string, unknown>;

const choices: Choices = {
  numbers: [],
  writeText: ({ name, index }) => `text for ${name}${index === undefined ? '' : ` ${index}`}`,
  isTrue: ({ name }) => name === 'yes',
  rank: (options) => [...options.keys()],
};

function instanceOf(schema: Schema, other: Partial<Choices> = {}): unknown {
  return JSON.parse(makeInstance({ schema, choices: { ...choices, ...other }, param: 'response_format' }));
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
      '^\\p{Lu}\\w+$',
      '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)$',
      'abc',
      '^\\$\\{[a-z]+\\}$',
    ].map((pattern) => ({ type: 'string', pattern })),
    minItems: 8,
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
    anything: { type: 'array', minItems: 1 },
  }),
  'a tuple of draft 7': {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'array',
    items: [{ type: 'string' }, { type: 'integer' }],
    additionalItems: false,
    minItems: 2,
  },
  'additional properties': {
    type: 'object',
    minProperties: 3,
    additionalProperties: { type: 'string', format: 'date' },
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
  'bounds in several places': {
    allOf: [
      { type: 'integer', minimum: 3, maximum: 9 },
      { minimum: 5 },
      { maximum: 6 },
      { type: 'number', not_a_keyword: 1 },
    ],
  },
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
  it.each(Object.entries(SCHEMAS))('fits the schema with %s', (_name, schema) => {
    expect(faultsOf(schema, instanceOf(schema))).toBeUndefined();
  });

  it('fits any schema that can be fitted, whatever is preferred', () => {
    fc.assert(
      fc.property(anySchema(), fc.string(), fc.integer(), fc.boolean(), (schema, text, number, yes) => {
        const other: Partial<Choices> = {
          numbers: [number],
          writeText: () => text,
          isTrue: () => yes,
          rank: (options) => [...options.keys()].toReversed(),
        };
        expect(faultsOf(schema, instanceOf(schema, other))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the order of the properties', () => {
    const properties = { z: text, a: { type: 'integer' }, m: { type: 'object', properties: { y: text, b: text } } };
    const schema = { type: 'object', properties, required: ['m', 'a', 'z'] };
    expect(Object.keys(instanceOf(schema) as object)).toEqual(['z', 'a', 'm']);
  });

  it('asks for the text of each string that is free', () => {
    const schema = strict({
      a: text,
      'b/c': strict({ d: { type: ['string', 'null'] } }),
      e: { type: 'array', items: text, minItems: 2, maxItems: 2 },
    });
    expect(instanceOf(schema)).toEqual({
      a: 'text for a',
      'b/c': { d: 'text for d' },
      e: ['text for e 0', 'text for e 1'],
    });
    expect(instanceOf(text)).toBe('text for ');
  });

  it('takes booleans, options, branches and numbers as they are chosen', () => {
    const either = { anyOf: [{ type: 'null' }, { const: 'p' }, { const: 'q' }] };
    const schema = strict({
      yes: { type: 'boolean' },
      no: { type: 'boolean' },
      kind: { enum: ['x', 'y', null] },
      either,
      days: { type: 'integer', minimum: 1, maximum: 7 },
      ratio: { type: 'number', minimum: 0, maximum: 1 },
    });
    const rank = (options: readonly string[]): number[] => [...options.keys()].toReversed();
    expect(instanceOf(schema, { rank, numbers: [4711, 3] })).toEqual({
      yes: true,
      no: false,
      kind: 'y',
      either: 'q',
      days: 3,
      ratio: 0.5,
    });
  });

  it('fits texts into their bounds, by characters and between words', () => {
    const bounded = (bounds: object): unknown =>
      instanceOf({ ...text, ...bounds }, { writeText: () => 'one 🦖🦖 three' });
    expect(bounded({ maxLength: 6 })).toBe('one 🦖🦖');
    expect(bounded({ maxLength: 5 })).toBe('one');
    expect(bounded({ minLength: 5, maxLength: 5 })).toBe('one 🦖');
    expect(bounded({ minLength: 14 })).toBe('one 🦖🦖 three o');
  });

  it.each<[string, Schema]>([
    ['allows nothing', false],
    ['contradicts itself', { type: 'integer', minimum: 3, maximum: 2 }],
    ['has no option', { enum: [] }],
    ['never ends', { $ref: '#' }],
    ['nests for ever', { $defs: { a: strict({ a: { $ref: '#/$defs/a' } }) }, $ref: '#/$defs/a' }],
    ['points nowhere', { $ref: '#/$defs/missing' }],
    ['has a reference that is no address', { $ref: '#/%' }],
    ['points to another server', { $ref: 'https://example.com/schema.json' }],
    ['has a broken pattern', { type: 'string', pattern: '(' }],
    ['has a pattern that looks ahead', { type: 'string', pattern: '^(?=a)b' }],
    [
      'has two multiples that have none in common so small',
      { allOf: [{ type: 'integer', multipleOf: 7 }, { multipleOf: 3 }], maximum: 20, minimum: 1 },
    ],
    ['has two patterns', { allOf: [{ type: 'string', pattern: 'a' }, { pattern: 'b' }] }],
    [
      'wants one of two patterns',
      {
        oneOf: [
          { ...text, pattern: 'a' },
          { ...text, pattern: 'b' },
        ],
      },
    ],
    ['has options and a pattern', { enum: ['a'], pattern: 'b' }],
    ['has a keyword that the demo does not know', { type: 'integer', not: { const: 1 } }],
    [
      'has the same option in a list without repetition',
      { type: 'array', uniqueItems: true, minItems: 2, items: { const: 1 } },
    ],
    ['asks for a billion items', { type: 'array', items: text, minItems: 1e9 }],
    ['asks for a billion characters', { type: 'string', minLength: 1e9 }],
    ['asks for a pattern without end', { type: 'string', pattern: '((a{1000}){1000}){1000}' }],
    [
      'is nested deeper than the stack',
      Array.from({ length: 50_000 }).reduce<Schema>((allOf) => ({ allOf: [allOf] }), text),
    ],
  ])('says so if the schema %s', (_fault, schema) => {
    const fail = (): unknown => instanceOf(schema);
    expect(fail).toThrow(UpstreamError);
    expect(fail).toThrow(
      expect.objectContaining({
        status: 400,
        type: 'invalid_request_error',
        param: 'response_format',
        retryable: false,
      }),
    );
  });

  it('leaves the schema as it was', () => {
    const schema = structuredClone(SCHEMAS['all of'] ?? true);
    instanceOf(schema);
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
