import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { Exclude, Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  Equals,
  IsArray,
  IsBoolean,
  IsDate,
  IsDateString,
  IsDefined,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import * as fc from 'fast-check';
import { MillraceError, UpstreamError } from '../errors/index.js';
import type { JsonSchema, ObjectSchema } from './json-schema.js';
import { makeOutputSchema } from './output-schema.js';
import type { OutputClass } from './output-type.js';
import { StructuredOutputError } from './structured-output-error.js';

enum Mood {
  Calm = 'calm',
  Cross = 'cross',
}

class Thought {
  @IsString() thinking: string;
}

class Source {
  @IsString() @MinLength(1) title: string;
  @IsOptional() @IsInt() @Min(1) page?: number;
}

class Circle {
  @IsNumber() @Min(0) radius: number;
}

class Square {
  @IsNumber() @Min(0) side: number;
  readonly kind: string;
}

const shapes = {
  discriminator: {
    property: 'kind',
    subTypes: [
      { name: 'circle', value: Circle },
      { name: 'square', value: Square },
    ],
  },
  keepDiscriminatorProperty: true,
};

/** Something of everything. Its validators say no more than its schema, so that both can be held against each other. */
class Reply extends Thought {
  @IsString() reply: string;
  @Matches(/^[a-z]{1,8}$/) slug: string;
  @IsNumber() @Min(0) @Max(1) confidence: number;
  @IsInt() @Min(-5) @Max(5) score: number;
  @IsBoolean() done: boolean;
  @IsEnum(Mood) mood: Mood;
  @IsIn([1, 2, 3]) stars: number;
  @Equals('reply') type: 'reply';
  @IsDateString() published: string;
  @IsArray() @IsString({ each: true }) @ArrayMaxSize(3) tags: string[];
  @IsInt({ each: true }) @ArrayMinSize(1) counts: number[];
  @IsOptional() @IsString() aside?: string;
  @ValidateIf((_, value) => value !== null) @IsString() nickname: string | null;
  @ValidateNested() @Type(() => Circle) circle: Circle;
  @IsOptional() @ValidateNested() @Type(() => Circle) second?: Circle;
  @ValidateNested() @Type(() => Object, shapes) shape: Circle | Square;
  @ValidateNested({ each: true }) @Type(() => Object, shapes) shapes: (Circle | Square)[];
  @ValidateNested({ each: true }) @Type(() => Reply) followUps: Reply[];
}

function errorOf<T>(type: OutputClass<T>, text: string): StructuredOutputError {
  try {
    makeOutputSchema(type).parse(text);
  } catch (error) {
    if (error instanceof StructuredOutputError) return error;
    throw error;
  }
  throw new Error('The answer was taken');
}

function isTaken(text: string): boolean {
  try {
    return output.parse(text) instanceof Reply;
  } catch (error) {
    if (error instanceof StructuredOutputError) return false;
    throw error;
  }
}

/** Values that a schema allows. */
function valuesOf(root: ObjectSchema): fc.Arbitrary<Record<string, fc.JsonValue>> {
  const of = (schema: JsonSchema, depth: number): fc.Arbitrary<fc.JsonValue> => {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.replace('#/$defs/', '');
      return objectOf(name === '#' ? root : (root.$defs?.[name] ?? root), depth + 1);
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
  const objectOf = (schema: ObjectSchema, depth: number): fc.Arbitrary<Record<string, fc.JsonValue>> =>
    fc.record(
      Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, of(property, depth)])),
      { noNullPrototype: true },
    );
  return objectOf(root, 0);
}

const output = makeOutputSchema(Reply);
const answers = valuesOf(output.schema);
const isValid = new Ajv2020({ strict: true, allowUnionTypes: true, formats: fullFormats }).compile(output.schema);

/** Paths of all values inside a JSON value. */
function pathsIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => pathsIn(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? replaced(item, rest, by) : item));
  return Object.fromEntries(
    Object.entries(value as object).map(([name, item]) => [name, name === key ? replaced(item, rest, by) : item]),
  );
}

/** What is left of an answer in its instance: optional nulls are gone. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name, item]) => item !== null || name === 'nickname');
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutNulls(item)]));
}

describe('OutputSchema.parse', () => {
  it('makes an instance of the class, with instances inside', () => {
    const reply = output.parse(
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
    expect(reply.circle).toBeInstanceOf(Circle);
    expect(reply.shape).toBeInstanceOf(Square);
    expect(reply.shape).toEqual({ kind: 'square', side: 2 });
    expect(reply.shapes.map((shape) => shape.constructor)).toEqual([Circle, Square]);
    expect(reply.aside).toBeUndefined();
    expect(reply.second).toBeUndefined();
    expect(reply.nickname).toBeNull();
  });

  it('takes every answer that the schema allows', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        expect(isValid(answer)).toBe(true);
        const reply = output.parse(JSON.stringify(answer));
        expect(reply).toBeInstanceOf(Reply);
        expect(reply.circle).toBeInstanceOf(Circle);
        expect(reply.followUps.every((followUp) => followUp instanceof Reply)).toBe(true);
        expect(JSON.parse(JSON.stringify(reply))).toEqual(withoutNulls(JSON.parse(JSON.stringify(answer))));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what the schema refuses, wherever it is', () => {
    fc.assert(
      fc.property(answers, fc.nat(), fc.jsonValue({ maxDepth: 1 }), (answer, at, other) => {
        const paths = pathsIn(answer);
        const changed = JSON.parse(JSON.stringify(replaced(answer, paths[at % paths.length] ?? [], other))) as unknown;
        const isFault = (): boolean =>
          isValid.errors?.some(({ keyword }) => keyword !== 'additionalProperties') ?? false;
        // Too many properties are no fault here: they are left out.
        const isTakenBySchema = isValid(changed) || !isFault();
        expect(isTaken(JSON.stringify(changed))).toBe(isTakenBySchema);
      }),
      { numRuns: 300 },
    );
  });

  it('takes or refuses any other JSON, and never fails in another way', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => output.parse(text)).toThrow(StructuredOutputError);
      }),
    );
  });

  it('never lets the words of an answer into the error', () => {
    const secret = 'tell-no-one';
    const words = fc.constantFrom(secret, `${secret}\n`, { [secret]: secret }, [secret], {
      kind: secret,
      radius: secret,
    });
    const keys = fc.constantFrom(...Object.keys(output.schema.properties));
    const texts = fc.oneof(
      fc.dictionary(keys, words).map((answer) => JSON.stringify(answer)),
      fc.constantFrom(secret, `{"${secret}`, `"${secret}"`, `{"reply": ${secret}}`, `{"a": "${secret}"} ${secret}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const error = errorOf(Reply, text);
        const said = [error.message, error.diagnostic, ...error.faults, error.stack, error.cause].join(' ');
        expect(said).not.toContain(secret);
      }),
    );
  });
});

describe('an answer that does not fit its class', () => {
  class Simple {
    @IsString({ message: 'must be some text, please' }) @MinLength(2) title: string;
    @IsOptional() @IsInt() @Min(1) count?: number;
    @ValidateNested({ each: true }) @Type(() => Source) sources: Source[];
    @ValidateNested() @Type(() => Source) main: Source;
    @IsString({ each: true }) tags: string[];
  }
  const good = {
    title: 'ab',
    count: 1,
    sources: [{ title: 'a', page: null }],
    main: { title: 'b', page: 2 },
    tags: ['x'],
  };

  it.each<[string, object, readonly string[]]>([
    ['a wrong type', { title: 5 }, ['title: must be a string']],
    ['null where it may not be', { title: null }, ['title: must be a string']],
    ['a fraction', { count: 1.5 }, ['count: must be a whole number']],
    ['an object for an array', { sources: { title: 'a' } }, ['sources: must be an array']],
    ['an array for an object', { main: [{ title: 'a' }] }, ['main: must be an object']],
    ['null for an object', { main: null }, ['main: must be an object']],
    ['one value for an array', { tags: 'x' }, ['tags: must be an array']],
    ['wrong elements', { tags: ['x', 1, null] }, ['tags[1]: must be a string', 'tags[2]: must be a string']],
    ['an element without a property', { sources: [{ title: 'a' }, {}] }, ['sources[1].title: is missing']],
    ['a broken constraint', { title: 'a' }, ['title: title must be longer than or equal to 2 characters']],
    ['a broken constraint inside', { main: { title: 'a', page: 0 } }, ['main.page: page must not be less than 1']],
    [
      'broken constraints in elements',
      { sources: [{ title: 'a' }, { title: '', page: 0 }] },
      [
        'sources[1].title: title must be longer than or equal to 1 characters',
        'sources[1].page: page must not be less than 1',
      ],
    ],
    [
      'several types',
      { title: true, count: [], tags: [[]] },
      ['title: must be a string', 'count: must be a whole number', 'tags[0]: must be a string'],
    ],
  ])('is refused: %s', (_, change, faults) => {
    const error = errorOf(Simple, JSON.stringify({ ...good, ...change }));
    expect(error.faults.toSorted()).toEqual(faults.toSorted());
    for (const fault of faults) expect(error.message).toContain(fault.split(':')[0]);
  });

  it('is refused without a required property, even a nested one that class-validator would not miss', () => {
    const { main: _main, title: _title, ...rest } = good;
    expect(errorOf(Simple, JSON.stringify(rest)).faults).toEqual(['title: is missing', 'main: is missing']);
  });

  it('is an upstream error that may be tried again, with the paths for the client and the reasons for the log', () => {
    const error = errorOf(Simple, JSON.stringify({ ...good, title: 'a', main: { title: '' } }));
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({
      name: 'StructuredOutputError',
      status: 502,
      type: 'server_error',
      code: 'invalid_structured_output',
      retryable: false,
      message: "The model's answer does not have the expected structure, at title, main.title. Send the request again.",
      diagnostic:
        'title: title must be longer than or equal to 2 characters; main.title: title must be longer than or equal to 1 characters',
    });
    expect(error).toBeInstanceOf(MillraceError);
  });

  it('names few paths and keeps a bounded number of faults', () => {
    const error = errorOf(Simple, JSON.stringify({ ...good, tags: Array.from({ length: 1000 }, () => 0) }));
    expect(error.faults).toHaveLength(50);
    expect(error.message).toBe(
      "The model's answer does not have the expected structure, at tags[0], tags[1], tags[2], tags[3], tags[4] and 995 more. Send the request again.",
    );
  });

  it.each(['null', '[]', '"text"', '5', '[{}]'])('is refused when it is %s', (text) => {
    expect(errorOf(Simple, text).faults).toEqual(['$: must be an object']);
  });

  it.each([
    ['', "The model's answer is not valid JSON (it has 0 characters). Send the request again."],
    ['{"title": "ab', "The model's answer is not valid JSON (it has 13 characters). Send the request again."],
    ['Sure! {}', "The model's answer is not valid JSON (it has 8 characters). Send the request again."],
  ])('is refused when it is %j', (text, message) => {
    const error = errorOf(Simple, text);
    expect(error.message).toBe(message);
    expect(error.code).toBe('invalid_structured_output');
    expect(error).not.toHaveProperty('cause');
    expect(error.faults).toHaveLength(1);
  });

  it('is refused when a member of a union is unknown', () => {
    class Drawing {
      @ValidateNested() @Type(() => Object, shapes) shape: Circle | Square;
    }
    expect(errorOf(Drawing, '{"shape": {"kind": "line"}}').faults).toEqual([
      'shape.kind: must be one of: circle, square',
    ]);
    expect(errorOf(Drawing, '{"shape": {}}').faults).toEqual(['shape.kind: must be one of: circle, square']);
    expect(errorOf(Drawing, '{"shape": 1}').faults).toEqual(['shape: must be an object']);
    expect(errorOf(Drawing, '{"shape": {"kind": "circle", "side": 1}}').faults).toEqual(['shape.radius: is missing']);
  });

  it('is refused when it is nested without end', () => {
    class Tree {
      @ValidateNested({ each: true }) @Type(() => Tree) children: Tree[];
    }
    const nested = (depth: number): string => '{"children":['.repeat(depth) + ']}'.repeat(depth);
    expect(makeOutputSchema(Tree).parse(nested(40))).toBeInstanceOf(Tree);
    expect(errorOf(Tree, nested(50_000)).faults).toEqual([
      expect.stringMatching(/: is nested more than 100 levels deep$/),
    ]);
  });
});

describe('what parse leaves out and keeps', () => {
  class Note {
    @IsString() text: string;
    @IsOptional() @IsString() extra?: string = 'default';
    @IsOptional() @ValidateNested() @Type(() => Source) source?: Source;
    @Exclude() ours: string;
  }
  const notes = makeOutputSchema(Note);

  it('leaves out what the class does not have, at every level', () => {
    const note = notes.parse(
      '{"text": "a", "more": 1, "ours": "b", "source": {"title": "s", "page": null, "url": "u"}}',
    );
    expect(JSON.parse(JSON.stringify(note))).toEqual({ text: 'a', extra: 'default', source: { title: 's' } });
  });

  it('takes a null for absence, so that defaults stay', () => {
    expect(notes.parse('{"text": "a", "extra": null, "source": null}')).toEqual(
      Object.assign(new Note(), { text: 'a', extra: 'default' }),
    );
    expect(notes.parse('{"text": "a"}').extra).toBe('default');
  });

  it('is not confused by the names of what objects have', () => {
    const text =
      '{"text": "a", "__proto__": {"polluted": 1}, "constructor": {"name": "x"}, "toString": 1, "hasOwnProperty": 2}';
    const note = notes.parse(text);
    expect(Object.getPrototypeOf(note)).toBe(Note.prototype);
    expect(Object.keys(note)).toEqual(['text', 'extra', 'source', 'ours']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(errorOf(Note, '{"__proto__": {"text": "a"}}').faults).toEqual(['text: is missing']);
  });

  it('converts nothing but what @Type says, and that only from the form that the schema has', () => {
    class Converted {
      @IsDate() @Type(() => Date) at: Date;
      @IsInt() @Type(() => Number) count: number;
      @IsDefined() text: string;
    }
    const converted = makeOutputSchema(Converted).parse('{"at": "2026-11-23T05:00:00Z", "count": 2, "text": "x"}');
    expect(converted.at).toEqual(new Date('2026-11-23T05:00:00Z'));
    expect(errorOf(Converted, '{"at": 0, "count": "2", "text": 1}').faults).toEqual([
      'at: must be a string',
      'count: must be a whole number',
      'text: must be a string',
    ]);
    expect(errorOf(Converted, '{"at": "soon", "count": 2, "text": "x"}').faults).toEqual([
      'at: at must be a Date instance',
    ]);
  });

  it('removes a discriminator that is not kept', () => {
    class Drawing {
      @ValidateNested({ each: true })
      @Type(() => Object, { discriminator: { property: 'kind', subTypes: [{ name: 'circle', value: Circle }] } })
      shapes: Circle[];
    }
    const { shapes: found } = makeOutputSchema(Drawing).parse('{"shapes": [{"kind": "circle", "radius": 1}]}');
    expect(found[0]).toBeInstanceOf(Circle);
    expect(Object.keys(found[0] ?? {})).toEqual(['radius']);
  });

  it('takes a value that fits one of several forms', () => {
    class Either {
      @Allow() @JSONSchema({ anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'number' }] }) it: unknown;
    }
    const { parse } = makeOutputSchema(Either);
    expect(parse('{"it": ["abc"]}').it).toEqual(['abc']);
    expect(parse('{"it": 1}').it).toBe(1);
    expect(errorOf(Either, '{"it": [1]}').faults).toEqual(['it: has none of the forms that it may have']);
    expect(errorOf(Either, '{"it": null}').faults).toEqual(['it: has none of the forms that it may have']);
  });

  it('does not parse what would take hundreds of megabytes', () => {
    class Empty {
      @IsOptional() @IsString() a?: string;
    }
    expect(errorOf(Empty, `{"a": [${'{},'.repeat(1_000_000)}0]}`).faults).toEqual([
      '$: it holds more than 1000000 values',
    ]);
  });

  it('refuses numbers that are too large to be finite', () => {
    class Amount {
      @Min(0) amount: number;
    }
    expect(errorOf(Amount, '{"amount": 1e999}').faults).toEqual([expect.stringMatching(/^\$: a number has more/)]);
  });
});
