import { describeKind, isJsonObject, type JsonObject } from '../../../kernel/index.js';

/**
 * Finds an obvious fault of arguments: a required property is missing, or has another type than in its schema. No more
 * of the schema is checked, since a server that a client has chosen could send one that takes hours to check. The
 * server checks the rest.
 * @returns undefined if there is none
 */
export function findPlainFault({ required, properties }: JsonObject, args: JsonObject): string | undefined {
  const missing = (Array.isArray(required) ? required : []).find(
    (name) => typeof name === 'string' && !Object.hasOwn(args, name),
  );
  if (missing !== undefined) return `"${String(missing)}" is missing`;
  if (!isJsonObject(properties)) return undefined;
  for (const [name, value] of Object.entries(args)) {
    const schema: unknown = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const type = isJsonObject(schema) ? schema['type'] : undefined;
    if (typeof type === 'string' && FITS[type]?.(value) === false)
      return `"${name}" must be of type ${type}, not ${describeKind(value)}`;
  }
  return undefined;
}

const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  object: isJsonObject,
  array: Array.isArray,
  null: (value) => value === null,
};
