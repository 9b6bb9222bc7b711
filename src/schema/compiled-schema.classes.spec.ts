import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import * as validator from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { compileChecked, compileProperties } from '../../test/support/checked-schema.js';
import type { SchemaNode } from '../../test/support/strict-schema.js';
import { makeOutputSchema } from './output-schema.js';

describe('the strict schema of classes and of the classes that they refer to', () => {
  it('has nested classes as definitions, and puts a reference with a description into anyOf', () => {
    @JSONSchema({ description: 'One step' })
    class Step {
      @validator.IsString() title: string;
    }
    class Plan {
      @validator.ValidateNested() @Type(() => Step) first: Step;
      @validator.ValidateNested() @Type(() => Step) @JSONSchema({ description: 'The last one' }) last: Step;
      @validator.IsOptional() @validator.IsObject() @validator.ValidateNested() @Type(() => Step) extra?: Step;
      @validator.ValidateNested({ each: true }) @Type(() => Step) @validator.ArrayMinSize(1) all: Step[];
      @validator.IsArray() @validator.ValidateNested() @Type(() => Step) alsoAll: Step[];
    }
    expect(compileChecked(Plan)).toEqual({
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

  it('takes classes that refer to themselves and to one another', () => {
    class Leaf {
      @validator.IsOptional() @validator.ValidateNested() @Type(() => Tree) owner?: object;
    }
    class Tree {
      @validator.IsString() name: string;
      @validator.ValidateNested({ each: true }) @Type(() => Tree) children: Tree[];
      @validator.IsOptional() @validator.ValidateNested() @Type(() => Leaf) leaf?: Leaf;
    }
    class Forest {
      @validator.ValidateNested({ each: true }) @Type(() => Tree) trees: Tree[];
    }
    expect(compileChecked(Tree)).toMatchObject({
      properties: {
        children: { type: 'array', items: { $ref: '#' } },
        leaf: { anyOf: [{ $ref: '#/$defs/Leaf' }, { type: 'null' }] },
      },
      $defs: { Leaf: { properties: { owner: { anyOf: [{ $ref: '#' }, { type: 'null' }] } } } },
    });
    expect(compileChecked(Forest)).toMatchObject({
      $defs: { Tree: { properties: { children: { items: { $ref: '#/$defs/Tree' } } } }, Leaf: {} },
    });
  });

  it('keeps two classes of one name apart', () => {
    const first = (() => {
      class Part {
        @validator.IsString() text: string;
      }
      return Part;
    })();
    const second = (() => {
      class Part {
        @validator.IsInt() count: number;
      }
      return Part;
    })();
    class Whole {
      @validator.ValidateNested() @Type(() => first) a: object;
      @validator.ValidateNested() @Type(() => second) b: object;
    }
    expect(compileChecked(Whole)).toMatchObject({
      properties: { a: { $ref: '#/$defs/Part' }, b: { $ref: '#/$defs/Part_2' } },
      $defs: { Part: { required: ['text'] }, Part_2: { required: ['count'] } },
    });
  });

  it('puts the discriminator first in each member of a union', () => {
    class Cat {
      @validator.IsString() name: string;
    }
    class Dog {
      @validator.IsString() name: string;
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
      @validator.ValidateNested() @Type(() => Object, pets) pet: Cat | Dog;
      @validator.IsOptional() @validator.ValidateNested({ each: true }) @Type(() => Object, pets) others?: (
        Cat | Dog
      )[];
    }
    const member = (kind: string): SchemaNode => ({
      type: 'object',
      properties: { kind: { type: 'string', enum: [kind] }, name: { type: 'string' } },
      required: ['kind', 'name'],
      additionalProperties: false,
    });
    const either = { anyOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }] };
    expect(compileChecked(Home)).toMatchObject({
      properties: { pet: either, others: { anyOf: [{ type: 'array', items: either }, { type: 'null' }] } },
      $defs: { Cat: member('cat'), Dog: member('dog') },
    });
  });

  it('keeps the order of the declarations, the base class first', () => {
    class Thinking {
      @validator.IsString() thinking: string;
      @validator.IsOptional() @validator.IsString() doubts?: string;
    }
    class Planned extends Thinking {
      @validator.IsString({ each: true }) plan: string[];
    }
    class Reply extends Planned {
      @validator.IsString() reply: string;
      @validator.IsString() @validator.MaxLength(9) override doubts: string = '';
      @validator.IsInt() @validator.Min(0) @validator.Max(1) confidence: number;
      @validator.IsBoolean() again: boolean;
    }
    const schema = compileChecked(Reply);
    expect(schema['required']).toEqual(['thinking', 'doubts', 'plan', 'reply', 'confidence', 'again']);
    expect(Object.keys(new Reply())).toEqual(schema['required']);
    expect(schema['properties']).toMatchObject({
      doubts: { type: ['string', 'null'], description: 'at most 9 characters' },
    });
  });

  it('takes a subclass that adds nothing', () => {
    class Base {
      @validator.IsString() text: string;
    }
    class Same extends Base {}
    expect(compileProperties(Same)).toEqual({ text: { type: 'string' } });
  });

  it('is frozen, and is compiled once', () => {
    class Inner {
      @validator.IsString() text: string;
    }
    class Outer {
      @validator.ValidateNested() @Type(() => Inner) inner: Inner;
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
      @validator.IsString() text: string;
    }
    Object.defineProperty(Output, 'name', { value: className });
    expect(makeOutputSchema(Output).name).toBe(name);
    expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });
});
