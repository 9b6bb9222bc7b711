import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
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
  IsObject,
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
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { compileSchema } from './compiled-schema.js';
import { makeOutputSchema } from './output-schema.js';
import type { OutputClass } from './output-type.js';

type Node = Readonly<Record<string, unknown>>;

/** What the guide to structured outputs, and the API's own refusals, say of strict schemas. */
function brokenRules(root: Node): string[] {
  const broken: string[] = [];
  const definitions = (root['$defs'] ?? {}) as Readonly<Record<string, Node>>;
  const formats = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'];
  const keywords: Readonly<Record<string, readonly string[]>> = {
    object: ['properties', 'required', 'additionalProperties'],
    array: ['items', 'minItems', 'maxItems'],
    string: ['enum', 'pattern', 'format'],
    number: ['enum', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
    integer: ['enum', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
    boolean: ['enum'],
    null: [],
  };
  const visit = (node: Node, at: string): void => {
    const complain = (rule: string): void => void broken.push(`${at}: ${rule}`);
    if ('$ref' in node) {
      const target = String(node['$ref']);
      if (Object.keys(node).length > 1) complain('$ref has something beside it');
      if (target !== '#' && !(target.replace('#/$defs/', '') in definitions)) complain(`${target} leads nowhere`);
      return;
    }
    const types = [node['type'] ?? []].flat() as string[];
    const branches = node['anyOf'] as readonly Node[] | undefined;
    if ((branches === undefined) === (types.length === 0)) complain('needs either a type or anyOf');
    if (branches?.length === 0) complain('anyOf is empty');
    const known = ['type', 'anyOf', 'description', ...types.flatMap((type) => keywords[type] ?? [])];
    if (at === '#') known.push('$defs');
    for (const keyword of Object.keys(node)) if (!known.includes(keyword)) complain(`${keyword} is not in the subset`);
    if ('format' in node && !formats.includes(String(node['format']))) complain(`unknown format`);
    if (/\(\?<?[=!]/.test(JSON.stringify(node['pattern'] ?? ''))) complain('pattern looks around');
    if (types.includes('object')) {
      const properties = node['properties'] as Readonly<Record<string, Node>>;
      if (node['additionalProperties'] !== false) complain('allows other properties');
      if (JSON.stringify(node['required']) !== JSON.stringify(Object.keys(properties))) complain('not all required');
      for (const [name, property] of Object.entries(properties)) visit(property, `${at}.${name}`);
    }
    if (types.includes('array')) visit(node['items'] as Node, `${at}[]`);
    for (const [index, branch] of (branches ?? []).entries()) visit(branch, `${at}|${index}`);
  };
  if (root['type'] !== 'object') broken.push('the root is no object');
  visit(root, '#');
  for (const [name, definition] of Object.entries(definitions)) visit(definition, `#/$defs/${name}`);
  return broken;
}

/** The schema of a class, after it has passed the rules of the strict subset and those of draft 2020-12. */
function checkedSchemaOf(type: OutputClass): Node {
  const { schema } = compileSchema(type);
  const node = schema as unknown as Node;
  expect(brokenRules(node)).toEqual([]);
  new Ajv2020({ strict: true, allowUnionTypes: true, formats: fullFormats }).compile(node);
  return node;
}

function propertiesOf(type: OutputClass): unknown {
  return checkedSchemaOf(type)['properties'];
}

describe('the strict schema of a class', () => {
  it('has strings, numbers and booleans, by decorator or by declaration', () => {
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
    expect(checkedSchemaOf(Scalars)).toEqual({
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

  it('has the bounds of numbers, in whatever order the decorators stand', () => {
    class Bounds {
      @IsInt() @Min(1) @Max(5) above: number;
      @Min(1) @Max(5) @IsInt() below: number;
      @IsNumber() @IsPositive() positive: number;
      @IsNegative() @IsNumber() negative: number;
      @IsDivisibleBy(5) @IsInt() fives: number;
      @Min(0.5) bare: number;
    }
    expect(propertiesOf(Bounds)).toEqual({
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
    expect(propertiesOf(Choices)).toEqual({
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

  it('demands optional properties too, but takes null for them', () => {
    class Optional {
      @IsOptional() @IsString() text?: string;
      @IsOptional() @IsInt() @Min(1) count?: number;
      @IsOptional() @IsString({ each: true }) tags?: string[];
      @ValidateIf((_, value) => value !== null) @IsString() nullable: string | null;
      @IsString({ validateIf: (_, value) => value !== null }) nullableToo: string | null;
    }
    expect(propertiesOf(Optional)).toEqual({
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
    expect(propertiesOf(Lists)).toEqual({
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
    expect(propertiesOf(Dates)).toEqual({
      at: { type: 'string', format: 'date-time' },
      later: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
      day: { type: 'string', format: 'date', pattern: expect.stringContaining('^\\d{4}-') },
      own: { type: 'string', format: 'date-time' },
    });
  });

  it('has formats and patterns where the subset knows them, and tells the rest in words', () => {
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
    expect(propertiesOf(Words)).toEqual({
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

  it('has @JSONSchema: its descriptions, its types, and nothing that the subset lacks', () => {
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
    const schema = checkedSchemaOf(Described);
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

  it('has nested classes as definitions, a description beside a reference in anyOf', () => {
    @JSONSchema({ description: 'One step' })
    class Step {
      @IsString() title: string;
    }
    class Plan {
      @ValidateNested() @Type(() => Step) first: Step;
      @ValidateNested() @Type(() => Step) @JSONSchema({ description: 'The last one' }) last: Step;
      @IsOptional() @IsObject() @ValidateNested() @Type(() => Step) extra?: Step;
      @ValidateNested({ each: true }) @Type(() => Step) @ArrayMinSize(1) all: Step[];
      @IsArray() @ValidateNested() @Type(() => Step) alsoAll: Step[];
    }
    expect(checkedSchemaOf(Plan)).toEqual({
      type: 'object',
      properties: {
        first: { $ref: '#/$defs/Step' },
        last: { description: 'The last one', anyOf: [{ $ref: '#/$defs/Step' }] },
        extra: { anyOf: [{ $ref: '#/$defs/Step' }, { type: 'null' }] },
        all: { type: 'array', items: { $ref: '#/$defs/Step' }, minItems: 1 },
        alsoAll: { type: 'array', items: { $ref: '#/$defs/Step' } },
      },
      required: ['first', 'last', 'extra', 'all', 'alsoAll'],
      additionalProperties: false,
      $defs: {
        Step: {
          description: 'One step',
          type: 'object',
          properties: { title: { type: 'string' } },
          required: ['title'],
          additionalProperties: false,
        },
      },
    });
  });

  it('has classes that refer to themselves and to one another', () => {
    class Leaf {
      @IsOptional() @ValidateNested() @Type(() => Tree) owner?: object;
    }
    class Tree {
      @IsString() name: string;
      @ValidateNested({ each: true }) @Type(() => Tree) children: Tree[];
      @IsOptional() @ValidateNested() @Type(() => Leaf) leaf?: Leaf;
    }
    class Forest {
      @ValidateNested({ each: true }) @Type(() => Tree) trees: Tree[];
    }
    expect(checkedSchemaOf(Tree)).toMatchObject({
      properties: {
        children: { type: 'array', items: { $ref: '#' } },
        leaf: { anyOf: [{ $ref: '#/$defs/Leaf' }, { type: 'null' }] },
      },
      $defs: { Leaf: { properties: { owner: { anyOf: [{ $ref: '#' }, { type: 'null' }] } } } },
    });
    expect(checkedSchemaOf(Forest)).toMatchObject({
      $defs: { Tree: { properties: { children: { items: { $ref: '#/$defs/Tree' } } } }, Leaf: {} },
    });
  });

  it('keeps two classes of one name apart', () => {
    const first = (() => {
      class Part {
        @IsString() text: string;
      }
      return Part;
    })();
    const second = (() => {
      class Part {
        @IsInt() count: number;
      }
      return Part;
    })();
    class Whole {
      @ValidateNested() @Type(() => first) a: object;
      @ValidateNested() @Type(() => second) b: object;
    }
    expect(checkedSchemaOf(Whole)).toMatchObject({
      properties: { a: { $ref: '#/$defs/Part' }, b: { $ref: '#/$defs/Part_2' } },
      $defs: { Part: { required: ['text'] }, Part_2: { required: ['count'] } },
    });
  });

  it('has a discriminated union, whose members begin with the property that tells them apart', () => {
    class Cat {
      @IsString() name: string;
    }
    class Dog {
      @IsString() name: string;
      readonly kind: string;
    }
    const pets = {
      discriminator: {
        property: 'kind',
        subTypes: [
          { name: 'cat', value: Cat },
          { name: 'dog', value: Dog },
        ],
      },
      keepDiscriminatorProperty: true,
    };
    class Home {
      @ValidateNested() @Type(() => Object, pets) pet: Cat | Dog;
      @IsOptional() @ValidateNested({ each: true }) @Type(() => Object, pets) others?: (Cat | Dog)[];
    }
    const member = (kind: string): Node => ({
      type: 'object',
      properties: { kind: { type: 'string', enum: [kind] }, name: { type: 'string' } },
      required: ['kind', 'name'],
      additionalProperties: false,
    });
    const either = { anyOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }] };
    expect(checkedSchemaOf(Home)).toMatchObject({
      properties: { pet: either, others: { anyOf: [{ type: 'array', items: either }, { type: 'null' }] } },
      $defs: { Cat: member('cat'), Dog: member('dog') },
    });
  });

  it('keeps the order of the declarations, the base class first', () => {
    class Thinking {
      @IsString() thinking: string;
      @IsOptional() @IsString() doubts?: string;
    }
    class Planned extends Thinking {
      @IsString({ each: true }) plan: string[];
    }
    class Reply extends Planned {
      @IsString() reply: string;
      @IsString() @MaxLength(9) override doubts: string = '';
      @IsInt() @Min(0) @Max(1) confidence: number;
      @IsBoolean() again: boolean;
    }
    const schema = checkedSchemaOf(Reply);
    expect(schema['required']).toEqual(['thinking', 'doubts', 'plan', 'reply', 'confidence', 'again']);
    expect(Object.keys(new Reply())).toEqual(schema['required']);
    expect(schema['properties']).toMatchObject({
      doubts: { type: ['string', 'null'], description: 'at most 9 characters' },
    });
  });

  it('takes a subclass that adds nothing', () => {
    class Base {
      @IsString() text: string;
    }
    class Same extends Base {}
    expect(propertiesOf(Same)).toEqual({ text: { type: 'string' } });
  });

  it('cannot be changed by those who get it, and is compiled once', () => {
    class Inner {
      @IsString() text: string;
    }
    class Outer {
      @ValidateNested() @Type(() => Inner) inner: Inner;
    }
    const output = makeOutputSchema(Outer);
    const parts: unknown[] = [
      output.schema,
      output.schema.properties,
      output.schema.required,
      output.schema.$defs?.['Inner'],
    ];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect(makeOutputSchema(Outer)).toBe(output);
  });

  it.each([
    ['Reply', 'Reply'],
    ['Réponse$', 'R_ponse_'],
    ['', 'Answer'],
    ['N'.repeat(99), 'N'.repeat(60)],
  ])('names the schema of class %j %j', (className, name) => {
    class Output {
      @IsString() text: string;
    }
    Object.defineProperty(Output, 'name', { value: className });
    expect(makeOutputSchema(Output).name).toBe(name);
    expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });
});

describe('the rules of this test', () => {
  it.each<[string, Node]>([
    ['a root that is no object', { type: 'array', items: { type: 'string' } }],
    ['other properties', { type: 'object', properties: {}, required: [] }],
    [
      'a property that is not required',
      { type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false },
    ],
    [
      'a foreign keyword',
      {
        type: 'object',
        properties: { a: { type: 'string', minLength: 1 } },
        required: ['a'],
        additionalProperties: false,
      },
    ],
    [
      'a reference with company',
      {
        type: 'object',
        properties: { a: { $ref: '#', description: 'x' } },
        required: ['a'],
        additionalProperties: false,
      },
    ],
  ])('find %s', (_, schema) => {
    expect(brokenRules(schema)).not.toEqual([]);
  });
});
