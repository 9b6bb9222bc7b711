import { describe, expect, it } from '@jest/globals';
import { Transform, Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  ArrayNotContains,
  ArrayUnique,
  Contains,
  Equals,
  IsArray,
  IsBoolean,
  IsDate,
  IsDateString,
  IsDefined,
  IsDivisibleBy,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsIP,
  IsNegative,
  IsNotEmpty,
  IsNotIn,
  IsNumber,
  IsOptional,
  IsPort,
  IsPositive,
  IsString,
  IsUrl,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinDate,
  MinLength,
  ValidateIf,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { compileChecked, compileProperties } from '../../test/support/checked-schema.js';

describe('the strict schema of a class', () => {
  it('takes strings, numbers and booleans from decorators or from the declaration', () => {
    class Scalars {
      @IsString() text: string;
      @IsNumber() amount: number;
      @IsInt() count: number;
      @IsBoolean() flag: boolean;
      @Allow() declaredText: string;
      @IsDefined() declaredNumber: number;
      @IsDefined() declaredFlag: boolean;
      @IsPort() port: string;
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
      @IsInt() @Min(1) @Max(5) above: number;
      @Min(1) @Max(5) @IsInt() below: number;
      @IsNumber() @IsPositive() positive: number;
      @IsNegative() @IsNumber() negative: number;
      @IsDivisibleBy(5) @IsInt() fives: number;
      @Min(0.5) bare: number;
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
      @IsEnum(Colour) colour: Colour;
      @IsEnum(Level) level: Level;
      @IsEnum(Level) @IsInt() exact: Level;
      @IsIn(['a', 'b']) @IsString() letter: 'a' | 'b';
      @IsIn(['a', 1, 2.5]) mixed: string | number;
      @IsIn(['a', null]) maybe: 'a' | null;
      @Equals('reply') kind: 'reply';
      @IsEnum(Colour, { each: true }) colours: Colour[];
      @IsOptional() @IsEnum(Colour) favourite?: Colour;
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
      @IsOptional() @IsString() text?: string;
      @IsOptional() @IsInt() @Min(1) count?: number;
      @IsOptional() @IsString({ each: true }) tags?: string[];
      @ValidateIf((_, value) => value !== null) @IsString() nullable: string | null;
      @IsString({ validateIf: (_, value) => value !== null }) nullableToo: string | null;
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
      @IsArray() @IsString({ each: true }) @ArrayMinSize(1) @ArrayMaxSize(3) tags: string[];
      @Min(0, { each: true }) @IsInt({ each: true }) counts: number[];
      @IsArray() @IsNotEmpty() @IsBoolean({ each: true }) flags: boolean[];
      @IsArray() @JSONSchema({ items: { type: 'array', items: { type: 'number' } } }) matrix: number[][];
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
      @IsDate() @Type(() => Date) at: Date;
      @IsOptional() @IsDate() @Type(() => Date) @MinDate(() => new Date(0)) later?: Date;
      @IsDateString() @JSONSchema({ format: 'date' }) day: string;
      @Transform(({ value }: { value: string }) => new Date(value))
      @IsDate()
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
      @IsEmail() email: string;
      @IsUUID() id: string;
      @IsIP() address: string;
      @IsIP('6') v6: string;
      @Matches(/^[a-z]+$/) lower: string;
      @Contains('1.5') has: string;
      @Matches(/^a/i) @JSONSchema({ description: 'A name' }) anyCase: string;
      @Matches(/^(?!x)/) notX: string;
      @IsUrl() url: string;
      @Length(3, 20) title: string;
      @IsNotEmpty() @IsString() @JSONSchema({ description: 'The reply' }) reply: string;
      @MinLength(2, { each: true }) @MaxLength(9, { each: true }) @ArrayUnique() tags: string[];
      @IsString() @IsNotIn(['yes', 'no']) other: string;
      @IsString({ each: true }) @ArrayNotContains(['x']) without: string[];
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
      @IsString() @JSONSchema({ description: 'Think first', title: 'T', example: 'x', default: 'y' }) thinking: string;
      @Allow() @JSONSchema({ anyOf: [{ type: 'string' }, { type: 'number' }] }) either: string | number;
      @IsOptional() @JSONSchema({ oneOf: [{ type: 'string' }, { type: 'number' }] }) eitherOrNot?: string | number;
      @IsDateString() @JSONSchema(() => ({ type: 'string', format: 'time' })) time: string;
      @IsString() @JSONSchema({ nullable: true }) nullable: string | null;
      @IsString() @JSONSchema({ enum: ['a', 'b'] }) letter: string;
      @IsString() @JSONSchema({ pattern: '^(?!x)' }) notX: string;
      @Allow() @JSONSchema({ type: ['string', 'integer', 'null'], minimum: 1 }) several: string | number | null;
      @Allow() @JSONSchema({ enum: ['a', 1, null] }) values: 'a' | 1 | null;
      @Allow() @JSONSchema(Object.assign({ type: 'string' as const }, { const: 'only' })) only: unknown;
      @Allow() @JSONSchema({ anyOf: [{ type: 'string' }], nullable: true }) textOrNot: unknown;
      @Allow() @JSONSchema({ type: 'null' }) nothing: null;
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
