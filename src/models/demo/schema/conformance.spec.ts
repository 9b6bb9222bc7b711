import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { Conformance } from './conformance.js';

type Schema = boolean | Record<string, unknown>;

const standard = new Ajv2020({ strict: false, logger: false });
addFormats.default(standard);

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  2.5,
  -3,
  '',
  'a',
  'aaa',
  'é',
  '🦖',
  '2024-02-30',
  '2024-02-29',
  'a@b.c',
  [],
  [1],
  [1, 1],
  ['a', 1, null],
  [{ a: 1 }, { a: 1 }],
  {},
  { a: 1 },
  { a: 'x', b: 2 },
  { b: null },
  { x_1: 1 },
  { x_1: 'a' },
  { a: { a: { a: 1 } } },
];

const SCHEMAS: readonly Schema[] = [
  true,
  false,
  {},
  ...['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'].map((type) => ({ type })),
  { type: ['string', 'null'] },
  { const: [1] },
  { const: { a: 1 } },
  { enum: ['a', null, { b: null }] },
  { minLength: 1, maxLength: 1 },
  { pattern: '^a+$' },
  { pattern: '^\\p{L}$' },
  { format: 'date' },
  { format: 'email' },
  { minimum: 1, maximum: 2.5 },
  { exclusiveMinimum: 0, exclusiveMaximum: 2.5 },
  { multipleOf: 0.5 },
  { items: { type: 'integer' } },
  { prefixItems: [{ type: 'string' }], items: { type: ['integer', 'null'] } },
  { prefixItems: [true], items: false },
  { minItems: 1, maxItems: 2 },
  { uniqueItems: true },
  { contains: { const: 1 } },
  { contains: { const: 1 }, minContains: 2 },
  { contains: { const: 1 }, maxContains: 1 },
  { properties: { a: { type: 'integer' } }, additionalProperties: false },
  { properties: { a: true }, additionalProperties: { type: 'integer' } },
  { patternProperties: { '^x_': { type: 'integer' } }, additionalProperties: { type: 'string' } },
  { required: ['a'] },
  { minProperties: 1, maxProperties: 1 },
  { propertyNames: { maxLength: 1 } },
  { dependentRequired: { a: ['b'] } },
  { dependentSchemas: { a: { required: ['b'] } } },
  { dependencies: { a: ['b'], b: { required: ['a'] } } },
  { allOf: [{ type: 'number' }, { minimum: 1 }] },
  { anyOf: [{ type: 'string' }, { minimum: 1 }] },
  { oneOf: [{ type: 'integer' }, { type: 'number', minimum: 1 }] },
  { not: { type: 'number' } },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  { if: { type: 'string' }, then: { minLength: 3 }, else: { type: 'number' } },
  { if: { type: 'string' }, else: false },
  { $ref: '#/$defs/a%20b~1c', $defs: { 'a b/c': { type: 'string' } }, maxLength: 1 },
  { type: 'object', properties: { a: { $ref: '#' } } },
  { $ref: 'urn:x', $defs: { x: { $id: 'urn:x', type: 'integer' } } },
];

describe('Conformance', () => {
  it.each(SCHEMAS.map((schema) => [JSON.stringify(schema), schema] as const))(
    'judges %s as ajv does',
    (_text, schema) => {
      const conformance = new Conformance(schema);
      const validate = standard.compile(schema);
      for (const value of VALUES) {
        expect({ value, accepted: conformance.accepts(value) }).toEqual({ value, accepted: validate(value) });
      }
    },
  );

  it('judges combined schemas as ajv does', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('allOf', 'anyOf', 'oneOf'),
        fc.array(fc.constantFrom(...SCHEMAS.slice(0, -3)), { minLength: 1, maxLength: 3 }),
        fc.oneof(fc.constantFrom(...VALUES), fc.integer(), fc.string(), fc.array(fc.oneof(fc.nat(3), fc.string()))),
        (keyword, schemas, value) => {
          const schema = { [keyword]: schemas };
          expect(new Conformance(schema).accepts(value)).toBe(standard.validate(schema, value));
        },
      ),
    );
  });

  it('knows what older drafts and OpenAPI say', () => {
    const accepts = (schema: Schema, value: unknown): boolean => new Conformance(schema).accepts(value);
    expect(accepts({ items: [{ type: 'string' }], additionalItems: false }, ['a'])).toBe(true);
    expect(accepts({ items: [{ type: 'string' }], additionalItems: false }, ['a', 1])).toBe(false);
    expect(accepts({ items: [{ type: 'string' }] }, [1])).toBe(false);
    expect(accepts({ minimum: 1, exclusiveMinimum: true }, 1)).toBe(false);
    expect(accepts({ maximum: 1, exclusiveMaximum: false }, 1)).toBe(true);
    expect(accepts({ type: 'string', nullable: true }, null)).toBe(true);
  });
});
