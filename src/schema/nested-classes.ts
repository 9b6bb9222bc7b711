import type { TypeMetadata } from 'class-transformer';
import { defaultMetadataStorage as transforms } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import type { OutputClass } from './output-type.js';
import type { Property } from './property.js';

/** Tells the classes of a union apart, by the value of one property. */
export interface Discriminator {
  readonly property: string;
  readonly value: string;
  /** Whether instances keep the property. */
  readonly isKept: boolean;
}

/** A class that a property refers to. */
export interface NestedClass {
  readonly type: OutputClass;
  readonly discriminator?: Discriminator;
}

const VALUE_TYPES: ReadonlySet<unknown> = new Set<unknown>([String, Number, Boolean, Date]);

/**
 * Finds the classes that `@Type` names, if `@ValidateNested` stands beside it.
 * @returns an empty list if the property holds no objects
 */
export function findNestedClasses(
  { type, name, validators }: Property,
  report: (problem: string) => void,
): readonly NestedClass[] {
  const isValidated = validators.some((validator) => validator.type === ValidationTypes.NESTED_VALIDATION);
  const metadata = transforms.findTypeMetadata(type, name) as TypeMetadata | undefined;
  if (metadata === undefined) {
    if (isValidated) report('is nested, but its class is not known at run time. Add @Type(() => TheClass).');
    return [];
  }
  const { discriminator, keepDiscriminatorProperty: isKept = false } = metadata.options;
  const given = readGivenType(metadata);
  const classes: readonly NestedClass[] =
    discriminator?.subTypes.map(({ name: value, value: subType }) => ({
      type: subType as OutputClass,
      discriminator: { property: discriminator.property, value, isKept },
    })) ?? (given === undefined ? [] : [{ type: given }]);
  if (classes.length === 0) {
    report('has a @Type() that names no class. Use @Type(() => TheClass), with a discriminator if there are several.');
  }
  if (classes.some((nested) => VALUE_TYPES.has(nested.type))) {
    if (isValidated) report('is nested, but its @Type() names no class of objects. Remove @ValidateNested().');
    return [];
  }
  if (!isValidated && classes.length > 0) {
    report('holds objects of a class, but nothing validates them. Add @ValidateNested().');
    return [];
  }
  if (
    discriminator !== undefined &&
    !isKept &&
    classes.some((nested) => hasValidators(nested.type, discriminator.property))
  ) {
    report(
      `loses "${discriminator.property}" before its classes can validate it. Set keepDiscriminatorProperty: true in @Type().`,
    );
  }
  return classes;
}

/** The class that `@Type` gives a property, unless it depends on the data. */
export function findType({ type, name }: Pick<Property, 'type' | 'name'>): OutputClass | undefined {
  const metadata = transforms.findTypeMetadata(type, name) as TypeMetadata | undefined;
  return metadata && readGivenType(metadata);
}

function readGivenType({ typeFunction, reflectedType }: TypeMetadata): OutputClass | undefined {
  // Typed as always present, but missing for a bare `@Type()`.
  const choose = typeFunction as TypeMetadata['typeFunction'] | undefined;
  if (choose === undefined) return reflectedType as OutputClass | undefined;
  return choose.length === 0 ? (choose() as OutputClass | undefined) : undefined;
}

function hasValidators(type: OutputClass, name: string): boolean {
  return getMetadataStorage()
    .getTargetValidationMetadatas(type, '', false, false)
    .some(({ propertyName }) => propertyName === name);
}
