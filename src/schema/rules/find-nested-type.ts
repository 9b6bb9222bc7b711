import type { ClassConstructor } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';

/** The class that describes a nested object, or the classes by the value of a property. */
type NestedType =
  | { readonly type: ClassConstructor<object> }
  | { readonly property: string; readonly variants: ReadonlyMap<string, ClassConstructor<object>> };

/**
 * Reads what `@Type` says about a property.
 * @throws TypeError if a nested property has no `@Type`
 */
export function findNestedType(owner: ClassConstructor<object>, property: string): NestedType {
  // Undefined for a property without `@Type`, although its type says otherwise.
  const metadata: ReturnType<typeof defaultMetadataStorage.findTypeMetadata> | undefined =
    defaultMetadataStorage.findTypeMetadata(owner, property);
  if (metadata === undefined) throw new TypeError(`${owner.name}.${property} is nested: declare its class with @Type.`);
  const { discriminator } = metadata.options;
  if (discriminator === undefined) return { type: metadata.typeFunction() as ClassConstructor<object> };
  return {
    property: discriminator.property,
    variants: new Map(discriminator.subTypes.map(({ name, value }) => [name, value as ClassConstructor<object>])),
  };
}
