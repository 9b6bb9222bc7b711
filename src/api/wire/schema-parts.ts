/** A schema of OpenAPI 3.0, as far as descriptions of responses need it. */
export interface DescribedSchema {
  readonly type?: string;
  readonly nullable?: boolean;
  readonly description?: string;
  readonly enum?: unknown[];
  readonly minimum?: number;
  readonly required?: string[];
  readonly properties?: Record<string, DescribedSchema>;
  readonly items?: DescribedSchema | { $ref: string };
  readonly additionalProperties?: boolean;
  readonly allOf?: { $ref: string }[];
  readonly oneOf?: (DescribedSchema | { $ref: string })[];
}

/** Fields of an object. */
export type Fields = Record<string, DescribedSchema>;

/** A string. */
export const text = (description: string): DescribedSchema => ({ type: 'string', description });
/** True or false. */
export const flag = (description: string): DescribedSchema => ({ type: 'boolean', description });
/** A whole number from 0 on. */
export const count = (description: string): DescribedSchema => ({ type: 'integer', minimum: 0, description });
/** A time. */
export const seconds = (description: string): DescribedSchema => count(`${description} Seconds since the Unix epoch.`);
/** One of some strings. */
export const choice = (values: readonly string[], description: string): DescribedSchema => ({
  type: 'string',
  enum: [...values],
  description,
});
/** Any JSON object. */
export const anyObject = (description: string): DescribedSchema => ({
  type: 'object',
  additionalProperties: true,
  description,
});
/** A list. */
export const list = (items: DescribedSchema | { $ref: string }, description: string): DescribedSchema => ({
  type: 'array',
  items,
  description,
});
/** Any JSON. */
export const anything = (description: string): DescribedSchema => ({ description });
/** The same, or null. `nullable` has a meaning only beside `type`; without one, null is a separate alternative. */
export function orNull(schema: DescribedSchema): DescribedSchema {
  if (schema.type === undefined) {
    const { description, allOf, ...form } = schema;
    const nothing: DescribedSchema = { type: 'object', nullable: true, enum: [null] };
    return { ...(description !== undefined && { description }), oneOf: [allOf?.[0] ?? form, nothing] };
  }
  return { ...schema, nullable: true, ...(schema.enum !== undefined && { enum: [...schema.enum, null] }) };
}

/**
 * An object.
 * @param optional fields that may be absent
 */
export function object(description: string, required: Fields, optional: Fields = {}): DescribedSchema {
  return { type: 'object', description, required: Object.keys(required), properties: { ...required, ...optional } };
}

/** A reference to a schema of the document. */
export function refer(name: string, description: string): DescribedSchema {
  return { description, allOf: [{ $ref: `#/components/schemas/${name}` }] };
}
