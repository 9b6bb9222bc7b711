import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '../../kernel/index.js';
import { PATTERN_TEXTS } from './formats.js';

/** The demo makes no value for a schema. The message says why, for the client. */
export class NoValueError extends Error {}

const MOST_STEPS = 20_000;
/** Keywords that the demo cannot satisfy. It makes no value for a schema that has one. */
const UNKNOWN =
  /^(?:contains|dependen\w*|else|if|maxProperties|minProperties|not|patternProperties|prefixItems|then|unevaluated\w*|\$(?:dynamic|recursive)Ref)$/;

/** Checks values against a JSON schema. The total work is bounded, whatever the schema asks for. */
export class SchemaCheck {
  #steps = 0;

  constructor(private readonly root: unknown) {}

  /**
   * Counts work.
   * @throws RangeError if the schema has taken too much work
   */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) throw new RangeError('The schema asks for too much');
  }

  /** Resolves a reference: a JSON pointer from the root. */
  resolve(reference: string): unknown {
    let schema = this.root;
    for (const segment of reference.split('/').slice(1)) {
      const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      schema = typeof schema === 'object' && schema !== null ? Reflect.get(schema, key) : undefined;
    }
    if (!reference.startsWith('#') || schema === undefined) throw new NoValueError('a reference in it leads nowhere');
    return schema;
  }

  /**
   * Whether a value fits a schema.
   * @throws NoValueError if the schema has a keyword that the demo does not know
   */
  fits(value: unknown, schema: unknown): boolean {
    this.spend(1);
    if (!isJsonObject(schema)) return schema === undefined || schema === true;
    const unknown = Object.keys(schema).find((key) => UNKNOWN.test(key));
    if (unknown !== undefined) throw new NoValueError(`the demo knows no value for \`${unknown}\``);
    const { $ref, allOf, anyOf, oneOf, type } = schema;
    return (
      (typeof $ref !== 'string' || this.fits(value, this.resolve($ref))) &&
      (!('const' in schema) || isDeepStrictEqual(value, schema.const)) &&
      (!Array.isArray(schema.enum) || schema.enum.some((option) => isDeepStrictEqual(value, option))) &&
      (type === undefined || [type].flat().some((each) => isOfType(value, each))) &&
      (!Array.isArray(allOf) || allOf.every((part) => this.fits(value, part))) &&
      (!Array.isArray(anyOf) || anyOf.some((part) => this.fits(value, part))) &&
      (!Array.isArray(oneOf) || oneOf.filter((part) => this.fits(value, part)).length === 1) &&
      (typeof value !== 'string' || this.#fitsText(value, schema)) &&
      (typeof value !== 'number' || isInRange(value, schema)) &&
      (!Array.isArray(value) || this.#fitsList(value, schema)) &&
      (!isJsonObject(value) || this.#fitsObject(value, schema))
    );
  }

  #fitsText(value: string, { minLength, maxLength, pattern }: JsonObject): boolean {
    // Clients' patterns are not run, because some never end.
    const isMatch = typeof pattern !== 'string' || PATTERN_TEXTS.get(pattern) === value;
    if (!isMatch) throw new NoValueError('the demo knows no value for a `pattern` of it');
    return isWithin(Array.from(value).length, minLength, maxLength);
  }

  #fitsList(value: readonly unknown[], { items, minItems, maxItems, uniqueItems }: JsonObject): boolean {
    const isRepeating = uniqueItems === true && new Set(value.map((item) => JSON.stringify(item))).size < value.length;
    return !isRepeating && isWithin(value.length, minItems, maxItems) && value.every((item) => this.fits(item, items));
  }

  #fitsObject(value: JsonObject, schema: JsonObject): boolean {
    const names = Object.keys(value);
    return (
      readList(schema.required).every((name) => Object.hasOwn(value, String(name))) &&
      names.every((name) => this.fits(name, schema.propertyNames)) &&
      names.every((name) => this.fits(value[name], findPropertySchema(schema, name)))
    );
  }
}

/** The schema of a property of an object. */
export function findPropertySchema({ properties, additionalProperties }: JsonObject, name: string): unknown {
  return isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
}

/** The value if it is a JSON object, otherwise an empty object. */
export function readObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The value if it is a list, otherwise an empty list. */
export function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a number is within limits that may be absent. */
function isWithin(count: number, least: unknown, most: unknown): boolean {
  return !(typeof least === 'number' && count < least) && !(typeof most === 'number' && count > most);
}

function isInRange(value: number, schema: JsonObject): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  return (
    isWithin(value, minimum, maximum) &&
    isWithin(value, exclusiveMinimum, exclusiveMaximum) &&
    ![exclusiveMinimum, exclusiveMaximum].includes(value) &&
    (typeof multipleOf !== 'number' || Number.isInteger(value / multipleOf))
  );
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  return type === 'object' ? isJsonObject(value) : typeof value === type;
}
