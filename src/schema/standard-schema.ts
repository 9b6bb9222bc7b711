/** The draft of JSON Schema to ask libraries for; OpenAI's structured outputs are a subset of it. */
export const JSON_SCHEMA_TARGET = 'draft-2020-12';

/** One fault that a schema finds. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The result of a validation: the value that the schema gives, or what is wrong. */
type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/**
 * A schema of any library that implements Standard Schema (https://standardschema.dev) and can give its JSON Schema, such as
 * zod 4, valibot or arktype.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: number;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** From Standard JSON Schema: gives the JSON Schema of the input. */
    readonly jsonSchema?: { readonly input: (options: { readonly target: typeof JSON_SCHEMA_TARGET }) => object };
  };
}

/** Whether a value is the schema of a library and not a class with decorators. The schemas of arktype are functions, too. */
export function isStandardSchema(type: unknown): type is StandardSchema {
  return (typeof type === 'object' || typeof type === 'function') && type !== null && '~standard' in type;
}

/** zod's own method to validate. */
interface OwnValidation<Output> {
  readonly safeParseAsync?: (value: unknown) => Promise<OwnResult<Output>>;
}

type OwnResult<Output> =
  | { readonly success: true; readonly data: Output }
  | { readonly success: false; readonly error: { readonly issues: readonly StandardIssue[] } };

/**
 * Validates a value. zod's `~standard.validate` first tries synchronously and drops that attempt if a rule is
 * asynchronous or throws; if such a rule then rejects, the rejection is unhandled and ends the process. So zod's
 * asynchronous validation is called at once.
 * @throws whatever a rule of the author throws
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
