import { describeClass } from './class-description.js';
import { NESTED } from './converters.js';
import type { JsonSchema, ObjectSchema } from './json-schema.js';
import type { Discriminator, NestedClass } from './nested-classes.js';
import { OutputClassError } from './output-class-error.js';
import type { OutputClass } from './output-type.js';
import type { Presence, PropertyDescription } from './property-description.js';
import { References } from './references.js';
import { allowNull, makeStrictSchema } from './strict-schema.js';

/** The schema of one class, with facts that the schema itself cannot hold. */
export interface ObjectDefinition {
  readonly schema: ObjectSchema;
  readonly presence: ReadonlyMap<string, Presence>;
  readonly discriminator: Discriminator | undefined;
}

/** The schema of a class and of all classes that it refers to. */
export interface CompiledSchema {
  /** The root's, with the others as `$defs`. Deeply frozen. */
  readonly schema: ObjectSchema;
  /** The definitions by their references; the root's reference is `#`. */
  readonly definitions: ReadonlyMap<string, ObjectDefinition>;
}

/**
 * Compiles a class into a strict schema. Nested classes become `$defs`, so a class may refer to itself.
 * @throws OutputClassError that lists every fault of the class and of all classes that it refers to
 */
export function compileSchema(root: OutputClass): CompiledSchema {
  const faults = new Set<string>();
  const references = new References('#/$defs/', { type: root, reference: '#' });
  const definitions = new Map<string, ObjectDefinition>();
  for (const [reference, nested] of references) {
    definitions.set(
      reference,
      defineObject(nested, references, (fault) => void faults.add(fault)),
    );
  }
  if (faults.size > 0) throw new OutputClassError(`class ${root.name}`, [...faults]);
  const [[, { schema }], ...others] = [...definitions] as [[string, ObjectDefinition], ...[string, ObjectDefinition][]];
  if (others.length === 0) return { schema: deepFreeze(schema), definitions };
  const $defs = Object.fromEntries(
    others.map(([reference, nested]) => [references.readName(reference), nested.schema]),
  );
  return { schema: deepFreeze({ ...schema, $defs }), definitions };
}

function defineObject(
  { type, discriminator }: NestedClass,
  references: References,
  report: (fault: string) => void,
): ObjectDefinition {
  const described = describeClass(type, discriminator, report);
  const own = described.properties.filter(({ name }) => name !== discriminator?.property);
  const properties: Record<string, JsonSchema> = {};
  // The discriminator comes first, so that a model chooses a class before it writes the properties that the classes share.
  if (discriminator) properties[discriminator.property] = { type: 'string', enum: [discriminator.value] };
  for (const property of own) {
    properties[property.name] = makePropertySchema(property, references, (problem) =>
      report(`${type.name}.${property.name} ${problem}`),
    );
  }
  const schema: ObjectSchema = {
    ...(described.description !== undefined && { description: described.description }),
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
  return { schema, presence: new Map(own.map(({ name, presence }) => [name, presence])), discriminator };
}

function makePropertySchema(
  { raw, nested, presence }: PropertyDescription,
  references: References,
  report: (problem: string) => void,
): JsonSchema {
  const classes = nested.map((target) => ({ $ref: references.refer(target) }));
  const target = classes.length > 1 ? { anyOf: classes } : classes[0];
  const schema = makeStrictSchema(raw, (reference) => (reference === NESTED ? target : undefined), report);
  return presence === 'required' ? schema : allowNull(schema);
}

/** Freezes a value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
