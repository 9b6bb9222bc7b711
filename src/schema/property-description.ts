import { TransformationType } from 'class-transformer';
import { defaultMetadataStorage as transforms } from 'class-transformer/cjs/storage.js';
import { IS_OPTIONAL, ValidationTypes } from 'class-validator';
import type { RawSchema } from './json-schema.js';
import { type NestedClass, findNestedClasses } from './nested-classes.js';
import type { OutputClass } from './output-type.js';
import { readTypedSchema } from './property-type.js';
import type { Property } from './property.js';

/**
 * Whether an output may lack a property.
 * - `optional`: `@IsOptional()`. A strict schema requires every property, so a model writes null, which counts as absent.
 * - `conditional`: `@ValidateIf()`. The condition decides what null or absence means, so null stays null.
 */
export type Presence = 'required' | 'optional' | 'conditional';

/** What the decorators of a property say. */
export interface PropertyDescription {
  readonly name: string;
  readonly presence: Presence;
  /** Its schema; a `$ref` to `NESTED` stands in the place of the nested classes. */
  readonly raw: RawSchema;
  /** The class of the property or of its elements; several for a union; none if it holds no objects. */
  readonly nested: readonly NestedClass[];
}

/** Whether class-transformer drops a property when it makes an instance from a model's output. */
export function isExcluded(type: OutputClass, name: string): boolean {
  const from = TransformationType.PLAIN_TO_CLASS;
  return (
    transforms.getExcludedProperties(type, from).includes(name) ||
    (transforms.getStrategy(type) === 'excludeAll' && !transforms.getExposedProperties(type, from).includes(name))
  );
}

/**
 * Reads the decorators of a property and reports its faults.
 * @returns undefined if the property is not a part of the output
 */
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
      report('has @ValidatePromise(), but no output of a model holds a promise. Remove it.');
    }
    if (typeof message === 'string' && message.includes('$value')) {
      report(`has a message that quotes $value, and a model's words may not reach the log. Leave $value out.`);
    }
  }
}
