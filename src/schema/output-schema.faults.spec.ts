import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Min, MinLength, ValidateNested } from 'class-validator';
import { Circle, SHAPES, Source, Square } from '../../test/fixtures/output-classes.js';
import { catchOutputError } from '../../test/support/output-error.js';
import { MillraceError, UpstreamError } from '../errors/index.js';
import { makeOutputSchema } from './output-schema.js';

describe('an output that does not fit its class', () => {
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
  ])('is refused: %s', async (_, change, faults) => {
    const error = await catchOutputError(Simple, JSON.stringify({ ...good, ...change }));
    expect(error.faults.toSorted()).toEqual(faults.toSorted());
    for (const fault of faults) expect(error.message).toContain(fault.split(':')[0]);
  });

  it('is refused without a required property, even a nested one that class-validator ignores', async () => {
    const { main: _main, title: _title, ...rest } = good;
    expect((await catchOutputError(Simple, JSON.stringify(rest))).faults).toEqual([
      'title: is missing',
      'main: is missing',
    ]);
  });

  it('is an upstream error with the paths for the client and the reasons for the log', async () => {
    const error = await catchOutputError(Simple, JSON.stringify({ ...good, title: 'a', main: { title: '' } }));
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({
      name: 'StructuredOutputError',
      status: 502,
      type: 'server_error',
      code: 'invalid_structured_output',
      retryable: false,
      message: "The model's output does not have the expected structure, at title, main.title. Send the request again.",
      diagnostic:
        'title: title must be longer than or equal to 2 characters; main.title: title must be longer than or equal to 1 characters',
    });
    expect(error).toBeInstanceOf(MillraceError);
  });

  it('names a few paths and keeps a bounded number of faults', async () => {
    const error = await catchOutputError(
      Simple,
      JSON.stringify({ ...good, tags: Array.from({ length: 1000 }, () => 0) }),
    );
    expect(error.faults).toHaveLength(50);
    expect(error.message).toBe(
      "The model's output does not have the expected structure, at tags[0], tags[1], tags[2], tags[3], tags[4] and 995 more. Send the request again.",
    );
  });

  it.each(['null', '[]', '"text"', '5', '[{}]'])('is refused when it is %s', async (text) => {
    expect((await catchOutputError(Simple, text)).faults).toEqual(['$: must be an object']);
  });

  it.each([
    ['', "The model's output is not valid JSON (it has 0 characters). Send the request again."],
    ['{"title": "ab', "The model's output is not valid JSON (it has 13 characters). Send the request again."],
    ['Sure! {}', "The model's output is not valid JSON (it has 8 characters). Send the request again."],
  ])('is refused when it is %j', async (text, message) => {
    const error = await catchOutputError(Simple, text);
    expect(error.message).toBe(message);
    expect(error.code).toBe('invalid_structured_output');
    expect(error).not.toHaveProperty('cause');
    expect(error.faults).toHaveLength(1);
  });

  it('is refused when a member of a union is unknown', async () => {
    class Drawing {
      @ValidateNested() @Type(() => Object, SHAPES) shape: Circle | Square;
    }
    expect((await catchOutputError(Drawing, '{"shape": {"kind": "line"}}')).faults).toEqual([
      'shape.kind: must be one of: circle, square',
    ]);
    expect((await catchOutputError(Drawing, '{"shape": {}}')).faults).toEqual([
      'shape.kind: must be one of: circle, square',
    ]);
    expect((await catchOutputError(Drawing, '{"shape": 1}')).faults).toEqual(['shape: must be an object']);
    expect((await catchOutputError(Drawing, '{"shape": {"kind": "circle", "side": 1}}')).faults).toEqual([
      'shape.radius: is missing',
    ]);
  });

  it('is refused when it is nested without end', async () => {
    class Tree {
      @ValidateNested({ each: true }) @Type(() => Tree) children: Tree[];
    }
    const nest = (depth: number): string => '{"children":['.repeat(depth) + ']}'.repeat(depth);
    expect(await makeOutputSchema(Tree).parse(nest(40))).toBeInstanceOf(Tree);
    expect((await catchOutputError(Tree, nest(50_000))).faults).toEqual([
      expect.stringMatching(/: is nested more than 100 levels deep$/),
    ]);
  });
});
