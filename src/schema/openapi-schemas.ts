import { describeClass } from './class-description.js';
import { NESTED } from './converters.js';
import type { RawSchema } from './json-schema.js';
import type { NestedClass } from './nested-classes.js';
import { OutputClassError } from './output-class-error.js';
import type { OutputClass } from './output-type.js';
import { References, schemaName } from './references.js';

/** A class and those it refers to, for the `components` of an OpenAPI document. */
export interface OpenApiSchemas {
  /** The name of the class itself in `schemas`. */
  readonly name: string;
  readonly schemas: Readonly<Record<string, RawSchema>>;
}

/**
 * What a class looks like to the clients of an API: unlike in the strict schema, optional properties may be absent, and
 * all constraints are keywords.
 * @throws OutputClassError listing what in the class cannot be expressed, and the fixes
 */
export function openApiSchemasOf(type: OutputClass): OpenApiSchemas {
  const faults = new Set<string>();
  const references = new References('#/components/schemas/', { type });
  const schemas: Record<string, RawSchema> = {};
  for (const [reference, nested] of references) {
    schemas[references.nameOf(reference)] = componentOf(nested, references, (fault) => void faults.add(fault));
  }
  if (faults.size > 0) throw new OutputClassError(type.name, [...faults]);
  return { name: schemaName(type), schemas };
}

function componentOf(
  { type, discriminator }: NestedClass,
  references: References,
  report: (fault: string) => void,
): RawSchema {
  const described = describeClass(type, discriminator, report);
  const own = described.properties.filter(({ name }) => name !== discriminator?.property);
  const properties: Record<string, RawSchema> = {};
  if (discriminator?.isKept === true) {
    properties[discriminator.property] = { type: 'string', enum: [discriminator.value] };
  }
  for (const { name, raw, nested } of own) {
    const classes = nested.map((target) => ({ $ref: references.to(target) }));
    properties[name] = withReferences(raw, classes) as RawSchema;
  }
  const mayBeAbsent = new Set(own.filter(({ presence }) => presence !== 'required').map(({ name }) => name));
  const required = Object.keys(properties).filter((name) => !mayBeAbsent.has(name));
  return {
    ...(described.description !== undefined && { description: described.description }),
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
  };
}

/** In OpenAPI 3.0 what stands beside a reference does not count, hence `allOf`. */
function withReferences(value: unknown, classes: readonly RawSchema[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, classes));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...rest } = value as RawSchema;
  if ($ref !== NESTED) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withReferences(item, classes)]));
  }
  if (classes.length > 1) return { ...rest, oneOf: classes };
  return Object.keys(rest).length === 0 ? classes[0] : { ...rest, allOf: classes };
}
