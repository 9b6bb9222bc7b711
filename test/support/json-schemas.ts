import * as fc from 'fast-check';
import * as z from 'zod';

/** A JSON schema. */
export type TestSchema = boolean | Record<string, unknown>;

export const text = { type: 'string' };
export const strict = (properties: Record<string, TestSchema>): TestSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** Schemas that clients send, each under the name of its special feature. */
export const SCHEMAS: Readonly<Record<string, TestSchema>> = {
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
  'a deep object': Array.from({ length: 12 }).reduce<TestSchema>((inner) => strict({ inner }), {
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
      maybe: z.string().nullish(),
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
  'a number or a text with a pattern (pydantic’s Decimal)': {
    anyOf: [{ type: 'string', pattern: '^\\d+$' }, { type: 'number' }],
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
    anything: { type: 'array', minItems: 1 },
  }),
  'additional properties': {
    type: 'object',
    required: ['a', 'b'],
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
    allOf: [{ type: 'integer', minimum: 3 }, { maximum: 6 }, { not_a_keyword: 1 }],
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

/** Nested schemas of many kinds, each of which has instances. */
export function anySchema(): fc.Arbitrary<TestSchema> {
  const bounds = fc.tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 1, max: 50 }));
  const leaf = fc.oneof(
    fc.constantFrom<TestSchema>(text, { type: 'boolean' }, { type: 'null' }, {}, true),
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
  return fc.letrec<{ schema: TestSchema; object: TestSchema }>((tie) => ({
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
