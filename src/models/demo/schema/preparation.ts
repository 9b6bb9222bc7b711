import type { JsonSchema } from 'json-schema-faker';
import { isObject, type JsonObject } from '../json.js';
import { isKnownFormat } from './formats.js';

const SUBSCHEMA = ['additionalProperties', 'contains', 'else', 'if', 'items', 'not', 'propertyNames', 'then'];
const SUBSCHEMA_LIST = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const SUBSCHEMA_MAP = ['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties'];
/** Draft 7: lists of names and schemas in one keyword. */
const DEPENDENCIES = 'dependencies';
const PLAIN = new Set(
  `$id $ref const dependentRequired enum exclusiveMaximum exclusiveMinimum format maxContains maxItems maxLength
  maxProperties maximum minContains minItems minLength minProperties minimum multipleOf pattern required type
  uniqueItems`.split(/\s+/),
);
/** Without an own limit, or with a far one, strings are no longer than this or their least length, in characters. */
const LONGEST_STRING = 4096;

/**
 * Puts a schema into the form that the faker understands: JSON Schema 2020-12 without annotations. What it does not know
 * (draft-7 tuples, draft-4 exclusive bounds, `nullable`, unknown formats) is translated or left out, and nothing is left
 * that it would take for a property or for an extension of its own.
 *
 * @param favourValues true to prefer values that say something: no null where something else is allowed, text where
 *   anything is. It can make a schema that combines several ones impossible.
 */
export function prepareSchema(schema: unknown, favourValues: boolean): JsonSchema {
  return prepare(schema, favourValues, true);
}

function prepare(schema: unknown, favourValues: boolean, isRoot: boolean): JsonSchema {
  if (typeof schema === 'boolean') return schema;
  if (!isObject(schema)) return true;
  const inner = (value: unknown): JsonSchema => prepare(value, favourValues, false);
  const result: Record<string, unknown> = {};
  // A reference can point at any place in the root.
  if (isRoot) for (const [key, value] of Object.entries(schema)) if (isObject(value)) result[key] = value;
  for (const [key, value] of Object.entries(schema)) if (PLAIN.has(key)) result[key] = value;
  for (const key of SUBSCHEMA) if (key in schema) result[key] = inner(schema[key]);
  for (const key of SUBSCHEMA_LIST) {
    const list = schema[key];
    if (Array.isArray(list)) result[key] = list.map(inner);
  }
  for (const key of SUBSCHEMA_MAP) {
    const map = schema[key];
    if (isObject(map)) result[key] = mapped(map, inner);
  }
  const dependencies = schema[DEPENDENCIES];
  if (isObject(dependencies)) {
    result[DEPENDENCIES] = mapped(dependencies, (value) => (Array.isArray(value) ? value : inner(value)));
  }
  translateOldDrafts(schema, result, inner);
  boundStrings(result);
  // Without `properties` the faker takes every keyword that it does not know for one.
  if (result.type === 'object') result.properties ??= {};
  orderRequired(result);
  if (favourValues) preferValues(result);
  return favourValues && isRoot ? textIfAnything(result) : result;
}

function mapped(map: JsonObject, change: (value: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

function translateOldDrafts(
  schema: JsonObject,
  result: Record<string, unknown>,
  inner: (value: unknown) => JsonSchema,
): void {
  if (Array.isArray(schema.items)) {
    result.prefixItems = schema.items.map(inner);
    delete result.items;
    if ('additionalItems' in schema) result.items = inner(schema.additionalItems);
  }
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof schema[exclusive] !== 'boolean') continue;
    delete result[exclusive];
    if (schema[exclusive]) result[exclusive] = schema[bound];
  }
  if (schema.nullable === true && typeof schema.type === 'string') result.type = [schema.type, 'null'];
  if ('required' in schema && !Array.isArray(schema.required)) delete result.required;
}

function boundStrings(result: Record<string, unknown>): void {
  const { format, minLength, maxLength } = result;
  if (isKnownFormat(format)) {
    // The faker would cut or fill what it made for the format.
    delete result.minLength;
    delete result.maxLength;
    return;
  }
  delete result.format;
  if (typeof maxLength === 'number' && maxLength > LONGEST_STRING) {
    result.maxLength = Math.max(LONGEST_STRING, typeof minLength === 'number' ? minLength : 0);
  }
}

/** Where it runs out of depth, the faker keeps the order of `required`. */
function orderRequired(result: Record<string, unknown>): void {
  const { properties, required } = result;
  if (!isObject(properties) || !Array.isArray(required)) return;
  const names = new Set<unknown>(required);
  result.required = [...Object.keys(properties).filter((name) => names.delete(name)), ...names];
}

function preferValues(result: Record<string, unknown>): void {
  if (Array.isArray(result.type)) {
    const types = result.type.filter((type) => type !== 'null');
    if (types.length > 0) result.type = types.length === 1 ? types[0] : types;
  }
  for (const key of ['anyOf', 'oneOf']) {
    const list = result[key];
    if (!Array.isArray(list)) continue;
    const branches = list.filter((branch) => !(isObject(branch) && branch.type === 'null'));
    if (branches.length > 0) result[key] = branches;
  }
  const { properties, items, prefixItems, minItems } = result;
  const leastItems = Array.isArray(prefixItems) ? prefixItems.length : 0;
  if (items === undefined && typeof minItems === 'number' && minItems > leastItems) result.items = { type: 'string' };
  if (isObject(properties)) result.properties = mapped(properties, (value) => textIfAnything(value as JsonSchema));
  if (items !== undefined) result.items = textIfAnything(items as JsonSchema);
}

function textIfAnything(schema: JsonSchema): JsonSchema {
  return schema === true || Object.keys(schema).length === 0 ? { type: 'string' } : schema;
}
