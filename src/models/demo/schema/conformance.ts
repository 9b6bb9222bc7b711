import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '../../../kernel/index.js';
import { NoInstanceError } from './no-instance-error.js';

/** What the demo knows no way to satisfy. Where it stands, no value is made: none would be sure to fit. */
const UNKNOWN =
  /^(?:contains|dependen\w*|else|if|not|patternProperties|then|unevaluated\w*|\$dynamicRef|\$recursiveRef)$/;

/** Finds what a reference in a schema means. Told of each step, it bounds their number. */
export type Resolve = (reference: string | undefined) => unknown;

/**
 * Whether a value that was made for a schema fits it, whichever branches were taken. A pattern counts as fitted: whoever
 * writes a text for one keeps to it.
 *
 * @throws NoInstanceError if the schema has a keyword that the demo does not know
 */
export function conforms(value: unknown, schema: unknown, resolve: Resolve): boolean {
  const fits = (inner: unknown, part: unknown): boolean => conforms(inner, part, resolve);
  resolve(undefined);
  if (!isJsonObject(schema)) return schema !== false;
  const unknown = Object.keys(schema).find((key) => UNKNOWN.test(key));
  if (unknown !== undefined) throw new NoInstanceError(`the demo does not know what to do with \`${unknown}\``);
  const { $ref, allOf, anyOf, oneOf, type } = schema;
  return (
    (typeof $ref !== 'string' || fits(value, resolve($ref))) &&
    (!('const' in schema) || isDeepStrictEqual(value, schema.const)) &&
    (!Array.isArray(schema.enum) || schema.enum.some((option) => isDeepStrictEqual(value, option))) &&
    (type === undefined || [type].flat().some((each) => isOfType(value, each))) &&
    (!Array.isArray(allOf) || allOf.every((part) => fits(value, part))) &&
    (!Array.isArray(anyOf) || anyOf.some((part) => fits(value, part))) &&
    (!Array.isArray(oneOf) || oneOf.filter((part) => fits(value, part)).length === 1) &&
    (typeof value !== 'string' || isWithin(Array.from(value).length, schema.minLength, schema.maxLength)) &&
    (typeof value !== 'number' || isInRange(value, schema)) &&
    (!Array.isArray(value) || areItemsFitting(value, schema, fits)) &&
    (!isJsonObject(value) || arePropertiesFitting(value, schema, fits))
  );
}

type Fits = (value: unknown, schema: unknown) => boolean;

function areItemsFitting(value: readonly unknown[], schema: JsonObject, fits: Fits): boolean {
  const { tuple, items } = readItems(schema);
  return (
    isWithin(value.length, schema.minItems, schema.maxItems) &&
    (schema.uniqueItems !== true || new Set(value.map((item) => JSON.stringify(item))).size === value.length) &&
    value.every((item, index) => fits(item, index < tuple.length ? tuple[index] : items))
  );
}

/** The schemas of the first items, and the one of all others. Older drafts call both `items`. */
export function readItems(schema: JsonObject): { readonly tuple: readonly unknown[]; readonly items: unknown } {
  if (Array.isArray(schema.items)) return { tuple: schema.items, items: schema.additionalItems };
  return { tuple: Array.isArray(schema.prefixItems) ? schema.prefixItems : [], items: schema.items };
}

function arePropertiesFitting(value: JsonObject, schema: JsonObject, fits: Fits): boolean {
  const names = Object.keys(value);
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  return (
    isWithin(names.length, schema.minProperties, schema.maxProperties) &&
    required.every((name) => Object.hasOwn(value, String(name))) &&
    names.every((name) => schema.propertyNames === undefined || fits(name, schema.propertyNames)) &&
    names.every((name) =>
      fits(value[name], Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties),
    )
  );
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  return type === 'object' ? isJsonObject(value) : typeof value === type;
}

function isInRange(value: number, schema: JsonObject): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  return (
    isWithin(value, minimum, maximum) &&
    !(typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) &&
    !(typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) &&
    !(typeof multipleOf === 'number' && !Number.isInteger(value / multipleOf))
  );
}

function isWithin(count: number, least: unknown, most: unknown): boolean {
  return !(typeof least === 'number' && count < least) && !(typeof most === 'number' && count > most);
}
