import { describe, expect, it } from '@jest/globals';
import { Transform, Type } from 'class-transformer';
import * as validator from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { compileChecked, compileProperties } from '../../test/support/checked-schema.js';

describe('the strict schema of a class', () => {
  it('takes strings, numbers and booleans from decorators or from the declaration', () => {
    class Scalars {
      @validator.IsString() text: string;
      @validator.IsNumber() amount: number;
      @validator.IsInt() count: number;
      @validator.IsBoolean() flag: boolean;
      @validator.Allow() declaredText: string;
      @validator.IsDefined() declaredNumber: number;
      @validator.IsDefined() declaredFlag: boolean;
      @validator.IsPort() port: string;
    }
    expect(compileChecked(Scalars)).toEqual({
      type: 'object',
      properties: {
        text: { type: 'string' },
        amount: { type: 'number' },
        count: { type: 'integer' },
        flag: { type: 'boolean' },
        declaredText: { type: 'string' },
        declaredNumber: { type: 'number' },
        declaredFlag: { type: 'boolean' },
        port: { type: 'string' },
      },
      required: ['text', 'amount', 'count', 'flag', 'declaredText', 'declaredNumber', 'declaredFlag', 'port'],
      additionalProperties: false,
    });
  });

  it('has the bounds of numbers, whatever the order of the decorators', () => {
    class Bounds {
      @validator.IsInt() @validator.Min(1) @validator.Max(5) above: number;
      @validator.Min(1) @validator.Max(5) @validator.IsInt() below: number;
      @validator.IsNumber() @validator.IsPositive() positive: number;
      @validator.IsNegative() @validator.IsNumber() negative: number;
      @validator.IsDivisibleBy(5) @validator.IsInt() fives: number;
      @validator.Min(0.5) bare: number;
    }
    expect(compileProperties(Bounds)).toEqual({
      above: { type: 'integer', minimum: 1, maximum: 5 },
      below: { type: 'integer', minimum: 1, maximum: 5 },
      positive: { type: 'number', exclusiveMinimum: 0 },
      negative: { type: 'number', exclusiveMaximum: 0 },
      fives: { type: 'integer', multipleOf: 5 },
      bare: { type: 'number', minimum: 0.5 },
    });
  });

  it('has enums and fixed values with their types', () => {
    enum Colour {
      Red = 'red',
      Blue = 'blue',
    }
    enum Level {
      Low,
      High,
    }
    class Choices {
      @validator.IsEnum(Colour) colour: Colour;
      @validator.IsEnum(Level) level: Level;
      @validator.IsEnum(Level) @validator.IsInt() exact: Level;
      @validator.IsIn(['a', 'b']) @validator.IsString() letter: 'a' | 'b';
      @validator.IsIn(['a', 1, 2.5]) mixed: string | number;
      @validator.IsIn(['a', null]) maybe: 'a' | null;
      @validator.Equals('reply') kind: 'reply';
      @validator.IsEnum(Colour, { each: true }) colours: Colour[];
      @validator.IsOptional() @validator.IsEnum(Colour) favourite?: Colour;
    }
    expect(compileProperties(Choices)).toEqual({
      colour: { type: 'string', enum: ['red', 'blue'] },
      level: { type: 'integer', enum: [0, 1] },
      exact: { type: 'integer', enum: [0, 1] },
      letter: { type: 'string', enum: ['a', 'b'] },
      mixed: {
        anyOf: [
          { type: 'string', enum: ['a'] },
          { type: 'number', enum: [1, 2.5] },
        ],
      },
      maybe: { anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }] },
      kind: { type: 'string', enum: ['reply'] },
      colours: { type: 'array', items: { type: 'string', enum: ['red', 'blue'] } },
      favourite: { anyOf: [{ type: 'string', enum: ['red', 'blue'] }, { type: 'null' }] },
    });
  });

  it('requires optional properties too, but takes null for them', () => {
    class Optional {
      @validator.IsOptional() @validator.IsString() text?: string;
      @validator.IsOptional() @validator.IsInt() @validator.Min(1) count?: number;
      @validator.IsOptional() @validator.IsString({ each: true }) tags?: string[];
      @validator.ValidateIf((_, value) => value !== null) @validator.IsString() nullable: string | null;
      @validator.IsString({ validateIf: (_, value) => value !== null }) nullableToo: string | null;
    }
    expect(compileProperties(Optional)).toEqual({
      text: { type: ['string', 'null'] },
      count: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] },
      tags: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
      nullable: { type: ['string', 'null'] },
      nullableToo: { type: ['string', 'null'] },
    });
  });

  it('has arrays with their bounds and elements', () => {
    class Lists {
      @validator.IsArray()
      @validator.IsString({ each: true })
      @validator.ArrayMinSize(1)
      @validator.ArrayMaxSize(3)
      tags: string[];
      @validator.Min(0, { each: true }) @validator.IsInt({ each: true }) counts: number[];
      @validator.IsArray() @validator.IsNotEmpty() @validator.IsBoolean({ each: true }) flags: boolean[];
      @validator.IsArray() @JSONSchema({ items: { type: 'array', items: { type: 'number' } } }) matrix: number[][];
    }
    expect(compileProperties(Lists)).toEqual({
      tags: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 3 },
      counts: { type: 'array', items: { type: 'integer', minimum: 0 } },
      flags: { type: 'array', items: { type: 'boolean' } },
      matrix: { type: 'array', items: { type: 'array', items: { type: 'number' } } },
    });
  });

  it('has dates as text', () => {
    class Dates {
      @validator.IsDate() @Type(() => Date) at: Date;
      @validator.IsOptional() @validator.IsDate() @Type(() => Date) @validator.MinDate(() => new Date(0)) later?: Date;
      @validator.IsDateString() @JSONSchema({ format: 'date' }) day: string;
      @Transform(({ value }: { value: string }) => new Date(value))
      @validator.IsDate()
      own: Date;
    }
    expect(compileProperties(Dates)).toEqual({
      at: { type: 'string', format: 'date-time' },
      later: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
      day: { type: 'string', format: 'date', pattern: expect.stringContaining('^\\d{4}-') },
      own: { type: 'string', format: 'date-time' },
    });
  });

  it('has the formats and patterns of the subset, and describes all others in words', () => {
    class Words {
      @validator.IsEmail() email: string;
      @validator.IsUUID() id: string;
      @validator.IsIP() address: string;
      @validator.IsIP('6') v6: string;
      @validator.Matches(/^[a-z]+$/) lower: string;
      @validator.Contains('1.5') has: string;
      @validator.Matches(/^a/i) @JSONSchema({ description: 'A name' }) anyCase: string;
      @validator.Matches(/^(?!x)/) notX: string;
      @validator.IsUrl() url: string;
      @validator.Length(3, 20) title: string;
      @validator.IsNotEmpty() @validator.IsString() @JSONSchema({ description: 'The reply' }) reply: string;
      @validator.MinLength(2, { each: true })
      @validator.MaxLength(9, { each: true })
      @validator.ArrayUnique()
      tags: string[];
      @validator.IsString() @validator.IsNotIn(['yes', 'no']) other: string;
      @validator.IsString({ each: true }) @validator.ArrayNotContains(['x']) without: string[];
    }
    expect(compileProperties(Words)).toEqual({
      email: { type: 'string', format: 'email' },
      id: { type: 'string', format: 'uuid' },
      address: { type: 'string' },
      v6: { type: 'string', format: 'ipv6' },
      lower: { type: 'string', pattern: '^[a-z]+$' },
      has: { type: 'string', pattern: '1\\.5' },
      anyCase: { type: 'string', description: 'A name (matching the regular expression /^a/i)' },
      notX: { type: 'string', description: 'matching the regular expression /^(?!x)/' },
      url: { type: 'string', description: 'format: url' },
      title: { type: 'string', description: 'at least 3 characters, at most 20 characters' },
      reply: { type: 'string', description: 'The reply (at least 1 character)' },
      tags: {
        type: 'array',
        description: 'no duplicates',
        items: { type: 'string', description: 'at least 2 characters, at most 9 characters' },
      },
      other: { type: 'string', description: 'none of: yes, no' },
      without: { type: 'array', items: { type: 'string' } },
    });
  });

  it('takes descriptions and types from @JSONSchema, and nothing that the subset lacks', () => {
    @JSONSchema({ description: 'What the user sees', title: 'Reply', example: { reply: 'x' } })
    class Described {
      @validator.IsString()
      @JSONSchema({ description: 'Think first', title: 'T', example: 'x', default: 'y' })
      thinking: string;
      @validator.Allow() @JSONSchema({ anyOf: [{ type: 'string' }, { type: 'number' }] }) either: string | number;
      @validator.IsOptional() @JSONSchema({ oneOf: [{ type: 'string' }, { type: 'number' }] }) eitherOrNot?:
        string | number;
      @validator.IsDateString() @JSONSchema(() => ({ type: 'string', format: 'time' })) time: string;
      @validator.IsString() @JSONSchema({ nullable: true }) nullable: string | null;
      @validator.IsString() @JSONSchema({ enum: ['a', 'b'] }) letter: string;
      @validator.IsString() @JSONSchema({ pattern: '^(?!x)' }) notX: string;
      @validator.Allow() @JSONSchema({ type: ['string', 'integer', 'null'], minimum: 1 }) several:
        string | number | null;
      @validator.Allow() @JSONSchema({ enum: ['a', 1, null] }) values: 'a' | 1 | null;
      @validator.Allow() @JSONSchema(Object.assign({ type: 'string' as const }, { const: 'only' })) only: unknown;
      @validator.Allow() @JSONSchema({ anyOf: [{ type: 'string' }], nullable: true }) textOrNot: unknown;
      @validator.Allow() @JSONSchema({ type: 'null' }) nothing: null;
    }
    const schema = compileChecked(Described);
    expect(schema['description']).toBe('What the user sees');
    expect(schema['properties']).toEqual({
      thinking: { type: 'string', description: 'Think first' },
      either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      eitherOrNot: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] },
      time: { type: 'string', format: 'time' },
      nullable: { type: ['string', 'null'] },
      letter: { type: 'string', enum: ['a', 'b'] },
      notX: { type: 'string', description: 'matching the regular expression ^(?!x)' },
      several: { anyOf: [{ type: 'string' }, { type: 'integer', minimum: 1 }, { type: 'null' }] },
      values: { anyOf: [{ type: 'string', enum: ['a'] }, { type: 'number', enum: [1] }, { type: 'null' }] },
      only: { type: 'string', enum: ['only'] },
      textOrNot: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      nothing: { type: 'null' },
    });
  });
});
