import { applyDecorators } from '@nestjs/common';
import { Type, type ClassConstructor } from 'class-transformer';
import { Equals, IsObject, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { isPresent } from '../../kernel/index.js';

/**
 * The meaning of one of the conditions below. class-validator only calls the condition itself; this object goes into its
 * metadata as `context`, and the compiled rules and the JSON Schemas are made from it.
 */
export interface Condition {
  readonly orNull?: true;
  readonly orAbsent?: true;
  readonly orString?: AllowedStrings;
  readonly optionalBeside?: readonly string[];
}

/** The strings that an alternative form allows. */
export type AllowedStrings = 'any' | readonly string[];

/** The property must be there, but may be null; the other rules apply to any other value. */
export function OrNull(): PropertyDecorator {
  return makeConditional((_object, value) => value !== null, { orNull: true });
}

/** The property may be absent, but not null; the other rules apply to any value. */
export function OrAbsent(): PropertyDecorator {
  return makeConditional((_object, value) => value !== undefined, { orAbsent: true });
}

/** A string (one of `allowed`, if any are given) is valid, too; the other rules apply to any other value. */
export function OrString(...allowed: readonly string[]): PropertyDecorator {
  return makeConditional(
    (_object, value) => typeof value !== 'string' || (allowed.length > 0 && !allowed.includes(value)),
    { orString: allowed.length === 0 ? 'any' : allowed },
  );
}

/** The property may be absent or null if one of `siblings` is present, and neither null nor an empty array. */
export function OptionalBeside(...siblings: readonly string[]): PropertyDecorator {
  return makeConditional((object, value) => isPresent(value) || !hasValueInLists(object, siblings), {
    optionalBeside: siblings,
  });
}

/** Whether one of the properties of `object` is present, and neither null nor an empty array. */
export function hasValueInLists(object: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.some((name) => {
    const value = object[name] ?? null;
    return Array.isArray(value) ? value.length > 0 : value !== null;
  });
}

/** The only valid value is this one; the schema says so, too. */
export function Always(value: string): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: `Always \`${value}\`.` }), Equals(value));
}

/** The value is an object whose string `property` names the one of `classes` that describes it. */
export function OneOf(
  property: string,
  classes: Readonly<Record<string, ClassConstructor<object>>>,
  options: { readonly each?: boolean } = {},
): PropertyDecorator {
  const subTypes = Object.entries(classes).map(([name, value]) => ({ name, value }));
  return makeNested(
    options,
    Type(() => Object, { discriminator: { property, subTypes }, keepDiscriminatorProperty: true }),
  );
}

/** The value is an object (with `each`, an array of objects) that `type` describes. */
export function Nested(
  type: () => ClassConstructor<object>,
  options: { readonly each?: boolean } = {},
): PropertyDecorator {
  return makeNested(options, Type(type));
}

/** Name of the constraint that {@link NotOffered} registers. */
export const NOT_OFFERED = 'notOffered';

/** Only null is valid: OpenAI's API has the parameter, but this server does not offer it. */
export function NotOffered(message: string): PropertyDecorator {
  return ValidateBy(
    { name: NOT_OFFERED, validator: { validate: () => false } },
    { message, context: { code: 'unsupported_value' } },
  );
}

function makeConditional(
  condition: (object: Readonly<Record<string, unknown>>, value: unknown) => boolean,
  context: Condition,
): PropertyDecorator {
  return ValidateIf(condition, { context });
}

function makeNested(options: { readonly each?: boolean }, type: PropertyDecorator): PropertyDecorator {
  // Arrays have `IsArray` as well. Without `IsObject`, class-validator would let an absent single object pass.
  return applyDecorators(type, ValidateNested(options), ...(options.each === true ? [] : [IsObject()]));
}
