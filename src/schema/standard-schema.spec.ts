import { describe, expect, it } from '@jest/globals';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as v from 'valibot';
import { z } from 'zod';
import { OutputClassError } from './output-class-error.js';
import { makeOutputSchema } from './output-schema.js';
import type { StandardSchema } from './standard-schema.js';
import { StructuredOutputError } from './structured-output-error.js';

const inZod = z.object({
  city: z.string().describe('Where'),
  celsius: z.int().min(-90).max(60),
  sky: z.enum(['clear', 'cloudy']).nullable(),
  note: z.string().min(3).optional(),
  unit: z.string().default('celsius'),
  places: z.array(z.object({ name: z.string(), kind: z.literal('park') })).max(2),
});

const inValibot = toStandardJsonSchema(
  v.object({
    city: v.pipe(v.string(), v.description('Where')),
    celsius: v.pipe(v.number(), v.integer(), v.minValue(-90), v.maxValue(60)),
    sky: v.nullable(v.picklist(['clear', 'cloudy'])),
    note: v.optional(v.pipe(v.string(), v.minLength(3))),
    unit: v.optional(v.string(), 'celsius'),
    places: v.pipe(v.array(v.object({ name: v.string(), kind: v.literal('park') })), v.maxLength(2)),
  }),
);

const OUTPUT = {
  city: 'Oslo',
  celsius: 7,
  sky: null,
  note: null,
  unit: null,
  places: [{ name: 'Frogner', kind: 'park' }],
};

const listFaults = async (schema: StandardSchema<object>, output: unknown): Promise<readonly string[]> => {
  try {
    await makeOutputSchema(schema).parse(JSON.stringify(output));
  } catch (error) {
    if (error instanceof StructuredOutputError) return error.faults;
    throw error;
  }
  return [];
};
const refusal = (schema: StandardSchema<object>): string => {
  try {
    makeOutputSchema(schema);
  } catch (error) {
    if (error instanceof OutputClassError) return error.message;
    throw error;
  }
  return '';
};

describe.each([
  ['zod', inZod as StandardSchema<object>],
  ['valibot', inValibot as StandardSchema<object>],
])('A schema of %s', (_, schema) => {
  it('is sent to the model as a strict schema', () => {
    const { schema: sent, name } = makeOutputSchema(schema);
    expect(name).toBe('Answer');
    expect(Object.keys(sent.properties)).toEqual(['city', 'celsius', 'sky', 'note', 'unit', 'places']);
    expect(sent).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: Object.keys(sent.properties),
      properties: {
        note: { description: 'at least 3 characters' },
        places: { type: 'array', items: { $ref: '#/$defs/places' }, maxItems: 2 },
      },
      $defs: { places: { additionalProperties: false, required: ['name', 'kind'] } },
    });
    expect(sent.properties['city']).toEqual({ type: 'string', description: 'Where' });
    expect(new Ajv2020({ strict: false }).validate(sent, OUTPUT)).toBe(true);
    expect(Object.isFrozen(sent.properties)).toBe(true);
  });

  it('gives the value that the library gives, and reads null as absent', async () => {
    expect(await makeOutputSchema(schema).parse(JSON.stringify({ ...OUTPUT, more: 'words' }))).toEqual({
      city: 'Oslo',
      celsius: 7,
      sky: null,
      unit: 'celsius',
      places: [{ name: 'Frogner', kind: 'park' }],
    });
  });

  it('reports faults by their paths, and quotes no words of the model', async () => {
    const secret = 'a secret of the user';
    const output = { ...OUTPUT, sky: secret, note: 'no', places: [{ name: 'x', kind: secret }] };
    const faults = await listFaults(schema, output);
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['sky', 'note', 'places[0].kind']);
    expect(faults.join()).not.toContain(secret);
    expect(await listFaults(schema, { ...OUTPUT, city: 3, celsius: undefined })).toEqual([
      'city: must be a string',
      'celsius: is missing',
    ]);
  });
});

describe('A schema', () => {
  it('may refer to itself, and is named by its title', async () => {
    const tree = z.object({
      name: z.string(),
      get children() {
        return z.array(tree);
      },
    });
    const { schema, parse, name } = makeOutputSchema(tree.meta({ title: 'Family tree' }));
    expect(name).toBe('Family_tree');
    expect(schema.properties['children']).toEqual({ type: 'array', items: { $ref: '#/$defs/children' } });
    const output = { name: 'a', children: [{ name: 'b', children: [] }] };
    expect(await parse(JSON.stringify(output))).toEqual(output);
  });

  it('tells the members of a union apart by their values', async () => {
    const schema = makeOutputSchema(
      z.object({
        shape: z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('circle'), size: z.number() }),
          z.object({ kind: z.literal('box'), size: z.number(), depth: z.number() }),
        ]),
      }),
    );
    const output = { shape: { kind: 'box', size: 1, depth: 2 } };
    expect(await schema.parse(JSON.stringify(output))).toEqual(output);
  });

  it('keeps a null that it allows', async () => {
    const schema = makeOutputSchema(z.object({ a: z.string().nullish(), b: z.string().optional() }));
    expect(await schema.parse('{"a":null,"b":null}')).toEqual({ a: null });
    expect(await schema.parse('{}')).toEqual({});
  });

  it('merges the parts of an intersection', async () => {
    const schema = makeOutputSchema(z.object({ both: z.object({ a: z.string() }).and(z.object({ b: z.string() })) }));
    expect(await schema.parse('{"both":{"a":"x","b":"y"}}')).toEqual({ both: { a: 'x', b: 'y' } });
  });

  it('may come from a library that has its own method for JSON Schema', () => {
    const { vendor, version, validate } = inZod['~standard'];
    const other = {
      '~standard': { vendor, version, validate },
      toJsonSchema: () => z.toJSONSchema(inZod, { io: 'input' }),
    };
    expect(makeOutputSchema(other as StandardSchema<object>).schema).toEqual(makeOutputSchema(inZod).schema);
  });

  it('is refused, with the fix, if a strict schema cannot express it', () => {
    expect(refusal(z.object({ a: z.record(z.string(), z.number()) }))).toMatch(
      /The zod schema cannot describe a model's output: one fault\.\n.*a is an object whose properties have no names/,
    );
    expect(refusal(z.object({ a: z.tuple([z.string(), z.number()]) }))).toMatch(/a is a tuple/);
    expect(refusal(z.object({ a: z.object({ b: z.unknown() }) }))).toMatch(/a\.b has a part of unknown type/);
    expect(refusal(z.object({ a: z.date() }))).toMatch(/its library cannot write it as JSON Schema: Date/);
    expect(refusal(z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]))).toMatch(/describes no object/);
    expect(refusal(v.object({ a: v.string() }))).toMatch(
      /it gives no JSON Schema\. Use zod 4 or arktype; with valibot/,
    );
  });

  it('may have asynchronous rules', async () => {
    const isKnown = (word: string): Promise<boolean> => Promise.resolve(word === 'x');
    const schema = z.object({ a: z.string().refine(isKnown, 'is not known') });
    expect(await makeOutputSchema(schema).parse('{"a":"x"}')).toEqual({ a: 'x' });
    expect(await listFaults(schema, { a: 'y' })).toEqual(['a: is not known']);
  });

  it.each([
    ['rejects', z.string().refine(() => Promise.reject(new Error('the database is gone')))],
    ['rejects in a transform', z.string().transform(() => Promise.reject(new Error('the database is gone')))],
    [
      'throws',
      z.string().refine(() => {
        throw new Error('the database is gone');
      }),
    ],
  ])('has a rule that %s: its error is thrown once', async (_, rule) => {
    const unhandled: unknown[] = [];
    const notice = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', notice);
    try {
      const schema = makeOutputSchema(z.object({ a: rule }) as StandardSchema<object>);
      await expect(schema.parse('{"a":"x"}')).rejects.toThrow(/^the database is gone$/);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', notice);
    }
  });
});
