import { describe, expect, it } from '@jest/globals';
import { Exclude, Expose, Type } from 'class-transformer';
import * as validator from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { StartUpError } from '../errors/index.js';
import { OutputClassError } from './output-class-error.js';
import { makeOutputSchema } from './output-schema.js';
import type { OutputClass } from './output-type.js';

class Part {
  @validator.IsString() text: string;
}

class OtherPart {
  @validator.IsString() kind: string;
}

function findFaults(type: OutputClass): readonly string[] {
  try {
    makeOutputSchema(type);
  } catch (error) {
    if (error instanceof OutputClassError) return error.faults;
    throw error;
  }
  return [];
}

/** A class with one property that carries these decorators, declared with this type. */
function classWith(declared: unknown, ...decorators: readonly PropertyDecorator[]): OutputClass {
  class Broken {}
  const all = [Reflect.metadata('design:type', declared) as PropertyDecorator, ...decorators];
  for (const decorate of all) decorate(Broken.prototype, 'part');
  return Broken;
}

describe('a class that cannot describe an output', () => {
  it.each<[string, OutputClass, RegExp]>([
    [
      'a nested class without @Type',
      classWith(Part, validator.ValidateNested()),
      /^Broken\.part is nested, but its class is not known at run time\. Add @Type/,
    ],
    [
      'a nested class without @ValidateNested',
      classWith(
        Part,
        validator.Allow(),
        Type(() => Part),
      ),
      /^Broken\.part holds objects of a class, but nothing validates them\. Add @ValidateNested/,
    ],
    [
      'a nested class without either',
      classWith(Part, validator.Allow()),
      /^Broken\.part holds a Part, but nothing validates it\. Add @ValidateNested\(\) and @Type\(\(\) => Part\)\.$/,
    ],
    [
      'an object of a class that is only an object',
      classWith(Part, validator.IsObject()),
      /^Broken\.part holds a Part, but/,
    ],
    [
      'an object without a class',
      classWith(Object, validator.IsObject()),
      /^Broken\.part may hold anything: .* @ValidateNested\(\) and @Type/,
    ],
    [
      'a union without information',
      classWith(Object, validator.IsOptional()),
      /^Broken\.part may hold anything: .*unions.*@JSONSchema/,
    ],
    ['no declared type at all', classWith(undefined, validator.Allow()), /^Broken\.part may hold anything/],
    [
      'an array of anything',
      classWith(Array, validator.IsArray()),
      /^Broken\.part is an array of unknown elements\. .*\{ each: true \}/,
    ],
    [
      'an array of objects without a class',
      classWith(Array, validator.IsObject({ each: true })),
      /^Broken\.part has an object without a class\. /,
    ],
    [
      'elements of which only the length is known',
      classWith(Array, validator.IsArray(), JSONSchema({ items: { minLength: 2 } }) as PropertyDecorator),
      /^Broken\.part has a part of unknown type/,
    ],
    [
      'a Date that no decorator makes',
      classWith(Date, validator.IsDate()),
      /^Broken\.part is a Date, .*@Type\(\(\) => Date\)/,
    ],
    ['a Date that is validated as text', classWith(Date, validator.IsString()), /^Broken\.part is a Date/],
    [
      'a Date that nothing validates',
      classWith(
        Date,
        validator.Allow(),
        Type(() => Date),
      ),
      /^Broken\.part is a Date, .*@IsDate\(\)/,
    ],
    ['a Map', classWith(Map, validator.Allow()), /^Broken\.part is declared as a Map, which JSON does not have/],
    [
      'a declaration that the decorators contradict',
      classWith(Number, validator.IsString()),
      /^Broken\.part is declared as Number, but its decorators say string/,
    ],
    [
      'an array decorator on one value',
      classWith(String, validator.IsString({ each: true })),
      /^Broken\.part is declared as String, but its decorators say array/,
    ],
    [
      'a class where the decorators say text',
      classWith(Part, validator.IsString()),
      /^Broken\.part is declared as Part, but its decorators say string/,
    ],
    [
      '@ValidateNested on a value',
      classWith(
        Number,
        validator.ValidateNested(),
        Type(() => Number),
      ),
      /^Broken\.part is nested, but its @Type\(\) names no class of objects/,
    ],
    [
      'a class that depends on the output',
      classWith(
        Object,
        validator.ValidateNested(),
        Type((options) => (options?.object['kind'] === 'a' ? Part : OtherPart)),
      ),
      /^Broken\.part has a @Type\(\) that names no class\. .*discriminator/,
    ],
    [
      'a discriminator that is lost before it is validated',
      classWith(
        Object,
        validator.ValidateNested(),
        Type(() => Object, { discriminator: { property: 'kind', subTypes: [{ name: 'other', value: OtherPart }] } }),
      ),
      /^Broken\.part loses "kind" .*keepDiscriminatorProperty: true/,
    ],
    [
      'a promise',
      classWith(String, validator.IsString(), validator.ValidatePromise()),
      /^Broken\.part has @ValidatePromise\(\)/,
    ],
    [
      'a message that quotes the output',
      classWith(String, validator.MinLength(3, { message: '$value is short' })),
      /^Broken\.part has a message that quotes \$value/,
    ],
    [
      'another name in the output',
      classWith(String, validator.IsString(), Expose({ name: 'Part' })),
      /^Broken\.part is read from another name/,
    ],
    [
      'validators on what is left out',
      classWith(String, validator.IsString(), Exclude()),
      /^Broken\.part has validators but is excluded/,
    ],
    [
      'allOf',
      classWith(Object, JSONSchema({ allOf: [{ type: 'string' }] }) as PropertyDecorator, validator.Allow()),
      /^Broken\.part has allOf/,
    ],
    [
      'a foreign reference',
      classWith(Object, JSONSchema({ $ref: '#/x' }) as PropertyDecorator, validator.Allow()),
      /^Broken\.part refers to "#\/x"/,
    ],
    [
      'something beside anyOf',
      classWith(String, validator.IsString(), JSONSchema({ anyOf: [{ type: 'string' }] }) as PropertyDecorator),
      /^Broken\.part has type beside anyOf/,
    ],
    [
      'values of another type',
      classWith(Number, validator.IsInt(), validator.IsIn([1, 1.5])),
      /^Broken\.part has values in its enum that are not of its type/,
    ],
  ])('stops the start: %s', (_, type, fault) => {
    expect(findFaults(type)).toContainEqual(expect.stringMatching(fault));
  });

  it('has no decorators at all', () => {
    class Bare {
      text: string;
    }
    expect(findFaults(Bare)).toEqual([
      'Bare has no property with a class-validator decorator. Decorate what the model should write, for example with @IsString().',
    ]);
  });

  it('has a field without a decorator, a value or @Exclude()', () => {
    class Forgotten {
      @validator.IsString() text: string;
      forgotten: string;
      readonly constant = 1;
      @Exclude() ours: string;
      @Exclude() @validator.IsOptional() @validator.IsString() oursToo?: string;
    }
    expect(findFaults(Forgotten)).toEqual([
      'Forgotten.forgotten has no class-validator decorator, so no model would ever write it. Decorate it, or mark what your own code fills in with @Exclude().',
    ]);
  });

  it('has a constructor that needs arguments', () => {
    class Demanding {
      @validator.IsString() readonly text: string;
      constructor(given?: { readonly text: string }) {
        if (given === undefined) throw new TypeError('nothing given');
        this.text = given.text;
      }
    }
    expect(findFaults(Demanding)).toEqual([
      'Demanding cannot be made by new Demanding(). Give it a constructor that needs no arguments.',
    ]);
  });

  it('has a property with the name of something that every object has', () => {
    class Odd {
      @validator.IsString() text: string;
    }
    validator.IsString()(Odd.prototype, 'valueOf');
    expect(findFaults(Odd)).toEqual(['Odd.valueOf has the name of something that every object has. Rename it.']);
  });

  it('is reported with all faults of all nested classes in one error', () => {
    class Inner {
      @validator.IsArray() list: unknown[];
      @validator.IsInt() count: string;
    }
    class Outer {
      @validator.Allow() any: unknown;
      @validator.ValidateNested() @Type(() => Inner) inner: Inner;
      @validator.ValidateNested({ each: true }) @Type(() => Inner) inners: Inner[];
    }
    expect(() => makeOutputSchema(Outer)).toThrow(StartUpError);
    expect(findFaults(Outer)).toEqual([
      expect.stringContaining('Outer.any may hold anything'),
      expect.stringContaining('Inner.count is declared as String, but its decorators say integer'),
      expect.stringContaining('Inner.list is an array of unknown elements'),
    ]);
    expect(() => makeOutputSchema(Outer)).toThrow(
      /^The class Outer cannot describe a model's output: 3 faults\.\n {2}- /,
    );
  });
});
