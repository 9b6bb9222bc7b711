/** Where JSON Schema is asked for: the draft that OpenAI's structured outputs are a subset of. */
export const JSON_SCHEMA_TARGET = 'draft-2020-12';

/** One thing that a schema finds wrong. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema makes of a value. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/**
 * A schema of any library that keeps to Standard Schema (https://standardschema.dev), such as zod 4, valibot or arktype, and
 * can give its JSON Schema.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: number;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** What Standard JSON Schema adds: the schema of what is validated, and of what comes out. */
    readonly jsonSchema?: { readonly input: (options: { readonly target: typeof JSON_SCHEMA_TARGET }) => object };
  };
}

/** Whether a value is a schema of a library, not a class with decorators. arktype's schemas are functions, too. */
export function isStandardSchema(type: unknown): type is StandardSchema {
  return (typeof type === 'object' || typeof type === 'function') && type !== null && '~standard' in type;
}

/** What zod calls its own way to validate. */
interface OwnValidation<Output> {
  readonly safeParseAsync?: (value: unknown) => Promise<OwnResult<Output>>;
}

type OwnResult<Output> =
  | { readonly success: true; readonly data: Output }
  | { readonly success: false; readonly error: { readonly issues: readonly StandardIssue[] } };

/**
 * What a schema makes of a value. zod's `~standard.validate` first tries without waiting, and leaves that attempt behind where a
 * rule is asynchronous or throws: if such a rule rejects, nobody is there to be told, and the process ends. So zod is asked
 * to wait from the first.
 * @throws what a rule of the author throws
 */
export async function validateStandard<Output>(
  schema: StandardSchema<Output>,
  value: unknown,
): Promise<StandardResult<Output>> {
  const { safeParseAsync } = schema as OwnValidation<Output>;
  if (schema['~standard'].vendor !== 'zod' || typeof safeParseAsync !== 'function') {
    return schema['~standard'].validate(value);
  }
  const result = await safeParseAsync.call(schema, value);
  return result.success ? { value: result.data } : { issues: result.error.issues };
}
