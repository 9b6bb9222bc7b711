/** A schema of OpenAPI 3.0, as far as runs need it. */
export interface RunSchema {
  readonly type?: string;
  readonly nullable?: boolean;
  readonly description?: string;
  readonly enum?: unknown[];
  readonly minimum?: number;
  readonly required?: string[];
  readonly properties?: Record<string, RunSchema>;
  readonly items?: RunSchema | { $ref: string };
  readonly additionalProperties?: boolean;
  readonly allOf?: { $ref: string }[];
  readonly oneOf?: (RunSchema | { $ref: string })[];
}

/** Fields of an object. */
export type Fields = Record<string, RunSchema>;

/** A string. */
export const text = (description: string): RunSchema => ({ type: 'string', description });
/** True or false. */
export const flag = (description: string): RunSchema => ({ type: 'boolean', description });
/** A whole number from 0 on. */
export const count = (description: string): RunSchema => ({ type: 'integer', minimum: 0, description });
/** One of some strings. */
export const choice = (values: readonly string[], description: string): RunSchema => ({
  type: 'string',
  enum: [...values],
  description,
});
/** Any JSON object. */
export const anyObject = (description: string): RunSchema => ({
  type: 'object',
  additionalProperties: true,
  description,
});
/** A list. */
export const list = (items: RunSchema | { $ref: string }, description: string): RunSchema => ({
  type: 'array',
  items,
  description,
});
/** Any JSON. */
export const anything = (description: string): RunSchema => ({ description });
/** The same, or null. `nullable` has a meaning only beside `type`: where there is none, null is a form of its own. */
export function orNull(schema: RunSchema): RunSchema {
  if (schema.type === undefined) {
    const { description, allOf, ...form } = schema;
    const nothing: RunSchema = { type: 'object', nullable: true, enum: [null] };
    return { ...(description !== undefined && { description }), oneOf: [allOf?.[0] ?? form, nothing] };
  }
  return { ...schema, nullable: true, ...(schema.enum !== undefined && { enum: [...schema.enum, null] }) };
}

/** An object. @param optional fields that may be absent */
export function object(description: string, required: Fields, optional: Fields = {}): RunSchema {
  return { type: 'object', description, required: Object.keys(required), properties: { ...required, ...optional } };
}

/** A reference to a schema of the document. */
export function refer(name: string, description: string): RunSchema {
  return { description, allOf: [{ $ref: `#/components/schemas/${name}` }] };
}
