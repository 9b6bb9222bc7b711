import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { anySchema, SCHEMAS, type TestSchema, strict, text } from '../../../test/support/json-schemas.js';
import { UpstreamError } from '../../errors/index.js';
import type { Choices } from './choices.js';
import { makeValue } from './schema-value.js';

const choices: Choices = {
  numbers: [],
  writeText: ({ name, index }) => `text for ${name}${index === undefined ? '' : ` ${index}`}`,
  isTrue: ({ name }) => name === 'yes',
  rank: (options) => [...options.keys()],
};

function fit(schema: TestSchema, other: Partial<Choices> = {}): unknown {
  return JSON.parse(makeValue(schema, { ...choices, ...other }, 'response_format'));
}

const standard = new Ajv2020({ strict: false, logger: false, allErrors: true });
const draft7 = new Ajv({ strict: false, logger: false, allErrors: true });
addFormats.default(standard);
addFormats.default(draft7);

/** The faults that a standard validator finds in a value; undefined if there are none. */
function findFaults(schema: TestSchema, value: unknown): string | undefined {
  const ajv = typeof schema === 'object' && String(schema.$schema).includes('draft-07') ? draft7 : standard;
  return ajv.validate(schema, value) ? undefined : `${ajv.errorsText()} in ${JSON.stringify(value)}`;
}

describe('makeValue', () => {
  it.each(Object.entries(SCHEMAS))('fits the schema with %s', (_name, schema) => {
    expect(findFaults(schema, fit(schema))).toBeUndefined();
  });

  it('fits any satisfiable schema, whatever the preferences', () => {
    fc.assert(
      fc.property(anySchema(), fc.string(), fc.integer(), fc.boolean(), (schema, text, number, yes) => {
        const other: Partial<Choices> = {
          numbers: [number],
          writeText: () => text,
          isTrue: () => yes,
          rank: (options) => [...options.keys()].toReversed(),
        };
        expect(findFaults(schema, fit(schema, other))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the order of the properties', () => {
    const properties = { z: text, a: { type: 'integer' }, m: { type: 'object', properties: { y: text, b: text } } };
    const schema = { type: 'object', properties, required: ['m', 'a', 'z'] };
    expect(Object.keys(fit(schema) as object)).toEqual(['z', 'a', 'm']);
  });

  it('asks for the text of each string that is free', () => {
    const schema = strict({
      a: text,
      'b/c': strict({ d: { type: ['string', 'null'] } }),
      e: { type: 'array', items: text, minItems: 2, maxItems: 2 },
    });
    expect(fit(schema)).toEqual({
      a: 'text for a',
      'b/c': { d: 'text for d' },
      e: ['text for e 0', 'text for e 1'],
    });
    expect(fit(text)).toBe('text for ');
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
    expect(fit(schema, { rank, numbers: [4711, 3] })).toEqual({
      yes: true,
      no: false,
      kind: 'y',
      either: 'q',
      days: 3,
      ratio: 0.5,
    });
  });

  it('fits texts into their bounds, by characters', () => {
    const fitBounds = (bounds: object): unknown => fit({ ...text, ...bounds }, { writeText: () => 'one 🦖🦖 three' });
    expect(fitBounds({ maxLength: 5 })).toBe('one 🦖');
    expect(fitBounds({ minLength: 5, maxLength: 5 })).toBe('one 🦖');
    expect(fitBounds({ minLength: 14 })).toBe('one 🦖🦖 three o');
  });

  it.each<[string, TestSchema]>([
    ['allows nothing', false],
    ['contradicts itself', { type: 'integer', minimum: 3, maximum: 2 }],
    ['has no option', { enum: [] }],
    ['never ends', { $ref: '#' }],
    ['nests for ever', { $defs: { a: strict({ a: { $ref: '#/$defs/a' } }) }, $ref: '#/$defs/a' }],
    ['points nowhere', { $ref: '#/$defs/missing' }],
    ['has a reference that is not an address', { $ref: '#/%' }],
    ['points to another server', { $ref: 'https://example.com/schema.json' }],
    ['has a pattern that the demo does not know', { type: 'string', pattern: '^[a-z]+$' }],
    ['has a format and a pattern that contradict each other', { type: 'string', format: 'email', pattern: '@here$' }],
    [
      'has two multiples that have none in common so small',
      { allOf: [{ type: 'integer', multipleOf: 7 }, { multipleOf: 3 }], maximum: 20, minimum: 1 },
    ],
    ['describes a tuple', { type: 'array', prefixItems: [text] }],
    ['describes a tuple in the way of draft 7', { type: 'array', items: [text] }],
    ['wants properties of any name', { type: 'object', minProperties: 2 }],
    ['has two patterns', { allOf: [{ type: 'string', pattern: 'a' }, { pattern: 'b' }] }],
    ['has options and a pattern', { enum: ['a'], pattern: 'b' }],
    ['has a keyword that the demo does not know', { type: 'integer', not: { const: 1 } }],
    [
      'has the same option in a list without repetition',
      { type: 'array', uniqueItems: true, minItems: 2, items: { const: 1 } },
    ],
    ['asks for a billion items', { type: 'array', items: text, minItems: 1e9 }],
    ['asks for a billion characters', { type: 'string', minLength: 1e9 }],
    [
      'is nested deeper than the stack',
      Array.from({ length: 50_000 }).reduce<TestSchema>((allOf) => ({ allOf: [allOf] }), text),
    ],
  ])('reports a schema that %s', (_fault, schema) => {
    const fail = (): unknown => fit(schema);
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
    fit(schema);
    expect(schema).toEqual(SCHEMAS['all of']);
  });
});
