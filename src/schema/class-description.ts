import { getMetadataStorage } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';
import { makeRawSchema } from './converters.js';
import type { RawSchema } from './json-schema.js';
import type { Discriminator } from './nested-classes.js';
import type { OutputClass } from './output-type.js';
import { describeProperty, isExcluded, type PropertyDescription } from './property-description.js';

/** What the decorators of a class say, without those of the classes that it refers to. */
interface ClassDescription {
  /** From `@JSONSchema` on the class. */
  readonly description: string | undefined;
  /** In the order in which a model should write them: in declared order, those of a base class first. */
  readonly properties: readonly PropertyDescription[];
}

/**
 * Reads the decorators of a class and of its base classes.
 * @param discriminator tells the class from the other members of a union; its property needs no decorator
 * @param report takes each fault of the class, with its fix
 */
export function describeClass(
  type: OutputClass,
  discriminator: Discriminator | undefined,
  report: (fault: string) => void,
): ClassDescription {
  const validators = findValidators(type);
  if (validators.size === 0) {
    report(
      `${type.name} has no property with a class-validator decorator. Decorate what the model should write, for example with @IsString().`,
    );
    return { description: undefined, properties: [] };
  }
  const known = new Set(validators.keys());
  if (discriminator?.isKept === true) known.add(discriminator.property);
  reportUndecoratedFields(type, known, report);
  const raw = makeRawSchema(type, [...validators.values()].flat());
  const rawProperties = raw['properties'] as Readonly<Record<string, RawSchema>>;
  return {
    description: typeof raw['description'] === 'string' ? raw['description'] : undefined,
    properties: [...validators].flatMap(
      ([name, own]) =>
        describeProperty({ type, name, validators: own, raw: rawProperties[name] ?? {} }, (problem) =>
          report(`${type.name}.${name} ${problem}`),
        ) ?? [],
    ),
  };
}

/** Finds the validators that class-validator would run, by property; the `type` of each is the name of its constraint. */
function findValidators(type: OutputClass): ReadonlyMap<string, readonly ValidationMetadata[]> {
  const storage = getMetadataStorage();
  const listValidators = (target: OutputClass): ValidationMetadata[] =>
    storage.getTargetValidationMetadatas(target, '', false, false);
  const validators = new Map<string, ValidationMetadata[]>();
  for (const ancestor of listLineage(type))
    for (const { propertyName } of listValidators(ancestor)) validators.set(propertyName, []);
  for (const validator of listValidators(type)) {
    const [constraint] = storage.getTargetValidatorConstraints(validator.constraintCls);
    const named = Object.assign({}, validator, { target: type, type: constraint?.name ?? validator.type });
    validators.get(validator.propertyName)?.push(named);
  }
  return validators;
}

/** Lists a class and those that it extends, the base first. */
function listLineage(type: OutputClass): OutputClass[] {
  const parent = Object.getPrototypeOf(type) as OutputClass;
  return parent === Function.prototype ? [type] : [...listLineage(parent), type];
}

/**
 * Finds fields without a decorator. They are visible here because a class compiled for ES2022 or later defines all its
 * fields.
 */
function reportUndecoratedFields(type: OutputClass, known: ReadonlySet<string>, report: (fault: string) => void): void {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = new type() as Readonly<Record<string, unknown>>;
  } catch {
    return report(`${type.name} cannot be made by new ${type.name}(). Give it a constructor that needs no arguments.`);
  }
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined && !known.has(name) && !isExcluded(type, name)) {
      report(
        `${type.name}.${name} has no class-validator decorator, so no model would ever write it. Decorate it, or mark what your own code fills in with @Exclude().`,
      );
    }
  }
}
