import { TransformationType } from 'class-transformer';
import { defaultMetadataStorage as transforms } from 'class-transformer/cjs/storage.js';
import { IS_OPTIONAL, ValidationTypes } from 'class-validator';
import type { RawSchema } from './json-schema.js';
import { type NestedClass, findNestedClasses } from './nested-classes.js';
import type { OutputClass } from './output-type.js';
import { readTypedSchema } from './property-type.js';
import type { Property } from './property.js';

/**
 * Whether an answer may do without a property.
 * - `optional`: `@IsOptional()`. A strict schema demands every property, so a model says null; that counts as absent.
 * - `conditional`: `@ValidateIf()`. What null or absence means is for the condition to say, so null stays null.
 */
export type Presence = 'required' | 'optional' | 'conditional';

export interface PropertyDescription {
  readonly name: string;
  readonly presence: Presence;
  /** What the decorators say; a `$ref` to `NESTED` stands where `nested` belongs. */
  readonly raw: RawSchema;
  /** The class of the property or of its elements, the classes if it is a union, none if it holds no objects. */
  readonly nested: readonly NestedClass[];
}

/** Whether class-transformer leaves a property out of what it makes from a model's answer. */
export function isExcluded(type: OutputClass, name: string): boolean {
  const from = TransformationType.PLAIN_TO_CLASS;
  return (
    transforms.getExcludedProperties(type, from).includes(name) ||
    (transforms.getStrategy(type) === 'excludeAll' && !transforms.getExposedProperties(type, from).includes(name))
  );
}

/** @returns undefined if the property is no part of the answer */
export function describeProperty(
  property: Property,
  report: (problem: string) => void,
): PropertyDescription | undefined {
  const { type, name } = property;
  const presence = readPresence(property);
  if (isExcluded(type, name)) {
    if (presence === 'required')
      report('has validators but is excluded, so they always fail. Remove @Exclude() or them.');
    return undefined;
  }
  reportValidators(property, report);
  if (name in Object.prototype) report('has the name of something that every object has. Rename it.');
  if (![undefined, name].includes(transforms.findExposeMetadata(type, name)?.options.name)) {
    report('is read from another name. Remove the name from @Expose() and give the property that name.');
  }
  const nested = findNestedClasses(property, report);
  return { name, presence, nested, raw: readTypedSchema(property, nested.length > 0, report) };
}

function readPresence({ validators }: Property): Presence {
  if (validators.some(({ name }) => name === IS_OPTIONAL)) return 'optional';
  const isConditional = validators.some(
    ({ type, validateIf }) => type === ValidationTypes.CONDITIONAL_VALIDATION || validateIf !== undefined,
  );
  return isConditional ? 'conditional' : 'required';
}

function reportValidators({ validators }: Property, report: (problem: string) => void): void {
  for (const { type, message } of validators) {
    if (type === ValidationTypes.PROMISE_VALIDATION) {
      report('has @ValidatePromise(), but no answer of a model holds a promise. Remove it.');
    }
    if (typeof message === 'string' && message.includes('$value')) {
      report(`has a message that quotes $value, and a model's words may not reach the log. Leave $value out.`);
    }
  }
}
