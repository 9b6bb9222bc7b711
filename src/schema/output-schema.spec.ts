import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { Type } from 'class-transformer';
import * as validator from 'class-validator';
import * as fc from 'fast-check';
import { Circle, SHAPES, Square } from '../../test/fixtures/output-classes.js';
import { catchOutputError } from '../../test/support/output-error.js';
import type { JsonSchema, ObjectSchema } from './json-schema.js';
import { makeOutputSchema } from './output-schema.js';
import { StructuredOutputError } from './structured-output-error.js';

enum Mood {
  Calm = 'calm',
  Cross = 'cross',
}

class Thought {
  @validator.IsString() thinking: string;
}

/** A class with a property of every kind. Its validators check exactly what its schema says, so the two can be compared. */
class Reply extends Thought {
  @validator.IsString() reply: string;
  @validator.Matches(/^[a-z]{1,8}$/) slug: string;
  @validator.IsNumber() @validator.Min(0) @validator.Max(1) confidence: number;
  @validator.IsInt() @validator.Min(-5) @validator.Max(5) score: number;
  @validator.IsBoolean() done: boolean;
  @validator.IsEnum(Mood) mood: Mood;
  @validator.IsIn([1, 2, 3]) stars: number;
  @validator.Equals('reply') type: 'reply';
  @validator.IsDateString() published: string;
  @validator.IsArray() @validator.IsString({ each: true }) @validator.ArrayMaxSize(3) tags: string[];
  @validator.IsInt({ each: true }) @validator.ArrayMinSize(1) counts: number[];
  @validator.IsOptional() @validator.IsString() aside?: string;
  @validator.ValidateIf((_, value) => value !== null) @validator.IsString() nickname: string | null;
  @validator.ValidateNested() @Type(() => Circle) circle: Circle;
  @validator.IsOptional() @validator.ValidateNested() @Type(() => Circle) second?: Circle;
  @validator.ValidateNested() @Type(() => Object, SHAPES) shape: Circle | Square;
  @validator.ValidateNested({ each: true }) @Type(() => Object, SHAPES) shapes: (Circle | Square)[];
  @validator.ValidateNested({ each: true }) @Type(() => Reply) followUps: Reply[];
}

async function isTaken(text: string): Promise<boolean> {
  try {
    return (await output.parse(text)) instanceof Reply;
  } catch (error) {
    if (error instanceof StructuredOutputError) return false;
    throw error;
  }
}

/** Values that a schema allows. */
function anyValue(root: ObjectSchema): fc.Arbitrary<Record<string, fc.JsonValue>> {
  const of = (schema: JsonSchema, depth: number): fc.Arbitrary<fc.JsonValue> => {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.replace('#/$defs/', '');
      return makeObject(name === '#' ? root : (root.$defs?.[name] ?? root), depth + 1);
    }
    if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((branch) => of(branch, depth)));
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const types = [schema.type ?? []].flat();
    const bounds = { min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6 };
    return fc.oneof(
      ...types.map((type): fc.Arbitrary<fc.JsonValue> => {
        switch (type) {
          case 'string':
            return schema.pattern === undefined ? fc.string() : fc.stringMatching(new RegExp(schema.pattern, 'u'));
          case 'integer':
            return fc.integer(bounds);
          case 'number':
            return fc.double({ ...bounds, noNaN: true, noDefaultInfinity: true });
          case 'boolean':
            return fc.boolean();
          case 'array': {
            const { minItems: minLength = 0, maxItems: maxLength = 3 } = schema;
            if (depth > 1 && minLength === 0) return fc.constant([]);
            return fc.array(of(schema.items ?? {}, depth), { minLength, maxLength });
          }
          case 'null':
          case 'object':
          default:
            return fc.constant(null);
        }
      }),
    );
  };
  const makeObject = (schema: ObjectSchema, depth: number): fc.Arbitrary<Record<string, fc.JsonValue>> =>
    fc.record(
      Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, of(property, depth)])),
      { noNullPrototype: true },
    );
  return makeObject(root, 0);
}

const output = makeOutputSchema(Reply);
const outputs = anyValue(output.schema);
const isValid = new Ajv2020({ strict: true, allowUnionTypes: true, formats: fullFormats }).compile(output.schema);

/** Paths of all values inside a JSON value. */
function listPaths(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => listPaths(inner, [...path, key]))];
}

function replaceIn(value: unknown, [key, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? replaceIn(item, rest, by) : item));
  return Object.fromEntries(
    Object.entries(value as object).map(([name, item]) => [name, name === key ? replaceIn(item, rest, by) : item]),
  );
}

/** The properties of an output that its instance keeps: optional nulls are dropped. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name, item]) => item !== null || name === 'nickname');
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutNulls(item)]));
}

describe('OutputSchema.parse', () => {
  it('makes an instance of the class, with instances of nested classes', async () => {
    const reply = await output.parse(
      JSON.stringify({
        thinking: 'hm',
        reply: 'yes',
        slug: 'yes',
        confidence: 0.5,
        score: 1,
        done: true,
        mood: 'calm',
        stars: 3,
        type: 'reply',
        published: '2026-11-23',
        tags: ['a'],
        counts: [1],
        aside: null,
        nickname: null,
        circle: { radius: 1 },
        second: null,
        shape: { kind: 'square', side: 2 },
        shapes: [
          { kind: 'circle', radius: 3 },
          { kind: 'square', side: 4 },
        ],
        followUps: [],
      }),
    );
    expect(reply).toBeInstanceOf(Reply);
    expect(reply).toBeInstanceOf(Thought);
    const shapes = [reply.circle, reply.shape, ...reply.shapes];
    expect(shapes.map((shape) => shape?.constructor)).toEqual([Circle, Square, Circle, Square]);
    expect(reply.shape).toEqual({ kind: 'square', side: 2 });
    expect([reply.aside, reply.second, reply.nickname]).toEqual([undefined, undefined, null]);
  });

  it('takes every output that the schema allows', async () => {
    await fc.assert(
      fc.asyncProperty(outputs, async (value) => {
        expect(isValid(value)).toBe(true);
        const reply = await output.parse(JSON.stringify(value));
        expect(reply).toBeInstanceOf(Reply);
        expect(reply.circle).toBeInstanceOf(Circle);
        expect(reply.followUps.every((followUp) => followUp instanceof Reply)).toBe(true);
        expect(JSON.parse(JSON.stringify(reply))).toEqual(withoutNulls(JSON.parse(JSON.stringify(value))));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what the schema refuses, at any place', async () => {
    await fc.assert(
      fc.asyncProperty(outputs, fc.nat(), fc.jsonValue({ maxDepth: 1 }), async (value, at, other) => {
        const paths = listPaths(value);
        const changed = JSON.parse(JSON.stringify(replaceIn(value, paths[at % paths.length] ?? [], other))) as unknown;
        const isFault = (): boolean =>
          isValid.errors?.some(({ keyword }) => keyword !== 'additionalProperties') ?? false;
        // Additional properties are not a fault here: they are dropped.
        const isTakenBySchema = isValid(changed) || !isFault();
        expect(await isTaken(JSON.stringify(changed))).toBe(isTakenBySchema);
      }),
      { numRuns: 300 },
    );
  });

  it('takes or refuses any JSON, and never fails in another way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        await expect(output.parse(text)).rejects.toThrow(StructuredOutputError);
      }),
    );
  });

  it('never quotes the output in the error', async () => {
    const secret = 'tell-no-one';
    const words = fc.constantFrom(secret, `${secret}\n`, { [secret]: secret }, [secret], {
      kind: secret,
      radius: secret,
    });
    const keys = fc.constantFrom(...Object.keys(output.schema.properties));
    const texts = fc.oneof(
      fc.dictionary(keys, words).map((output) => JSON.stringify(output)),
      fc.constantFrom(secret, `{"${secret}`, `"${secret}"`, `{"reply": ${secret}}`, `{"a": "${secret}"} ${secret}`),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const error = await catchOutputError(Reply, text);
        const said = [error.message, error.diagnostic, ...error.faults, error.stack, error.cause].join(' ');
        expect(said).not.toContain(secret);
      }),
    );
  });
});
