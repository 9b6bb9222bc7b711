import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from '../json.js';
import { hasFormat, isKnownFormat } from './formats.js';

/**
 * Tells whether a value is an instance of a JSON schema: the assertions of drafts 7 and 2020-12, except `unevaluated…`
 * (nothing is made that a schema does not name). It interprets the schema: the usual validators make code of it, which is
 * for schemas that one trusts, and these come from clients.
 */
export class Conformance {
  readonly #patterns = new Map<string, RegExp>();
  #identified: Map<unknown, unknown> | undefined;

  /** @param root the schema that references are resolved in */
  constructor(private readonly root: unknown) {}

  /** @throws SyntaxError if a pattern is no regular expression */
  accepts(value: unknown): boolean {
    return this.#fits(value, this.root);
  }

  #fits(value: unknown, schema: unknown): boolean {
    if (typeof schema === 'boolean') return schema;
    if (!isObject(schema)) return true;
    return (
      this.#acceptsAny(value, schema) &&
      this.#combines(value, schema) &&
      (typeof value !== 'string' || this.#acceptsString(value, schema)) &&
      (typeof value !== 'number' || acceptsNumber(value, schema)) &&
      (!Array.isArray(value) || this.#acceptsArray(value, schema)) &&
      (!isObject(value) || this.#acceptsObject(value, schema))
    );
  }

  #acceptsAny(value: unknown, schema: JsonObject): boolean {
    if (typeof schema.$ref === 'string' && !this.#fits(value, this.#resolve(schema.$ref))) return false;
    if ('const' in schema && !isDeepStrictEqual(value, schema.const)) return false;
    if (Array.isArray(schema.enum) && !schema.enum.some((option) => isDeepStrictEqual(value, option))) return false;
    if (schema.type === undefined || (value === null && schema.nullable === true)) return true;
    const types: unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
    return types.some((type) => isOfType(value, type));
  }

  #combines(value: unknown, { allOf, anyOf, oneOf, not, if: condition, ...rest }: JsonObject): boolean {
    const fits = (schema: unknown): boolean => this.#fits(value, schema);
    if (Array.isArray(allOf) && !allOf.every(fits)) return false;
    if (Array.isArray(anyOf) && !anyOf.some(fits)) return false;
    if (Array.isArray(oneOf) && oneOf.filter(fits).length !== 1) return false;
    if (not !== undefined && fits(not)) return false;
    return condition === undefined || fits((fits(condition) ? rest.then : rest.else) ?? true);
  }

  #acceptsString(value: string, { minLength, maxLength, pattern, format }: JsonObject): boolean {
    if (isNumber(minLength) || isNumber(maxLength)) {
      if (!isWithin(Array.from(value).length, minLength, maxLength)) return false;
    }
    if (isKnownFormat(format) && !hasFormat(value, format)) return false;
    return typeof pattern !== 'string' || this.#pattern(pattern).test(value);
  }

  #acceptsArray(value: readonly unknown[], schema: JsonObject): boolean {
    if (!isWithin(value.length, schema.minItems, schema.maxItems)) return false;
    if (schema.uniqueItems === true && !isUnique(value)) return false;
    const tuple: readonly unknown[] = Array.isArray(schema.items) ? schema.items : asArray(schema.prefixItems);
    const rest = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
    if (!value.every((item, index) => this.#fits(item, index < tuple.length ? tuple[index] : rest))) return false;
    if (schema.contains === undefined) return true;
    const found = value.filter((item) => this.#fits(item, schema.contains)).length;
    return isWithin(found, schema.minContains ?? 1, schema.maxContains);
  }

  #acceptsObject(value: JsonObject, schema: JsonObject): boolean {
    const names = Object.keys(value);
    if (!isWithin(names.length, schema.minProperties, schema.maxProperties)) return false;
    const has = (name: unknown): boolean => typeof name === 'string' && Object.hasOwn(value, name);
    if (!asArray(schema.required).every(has)) return false;
    if (!names.every((name) => this.#acceptsProperty(name, value[name], schema))) return false;
    const dependencies = [schema.dependentRequired, schema.dependentSchemas, schema.dependencies].flatMap((map) =>
      isObject(map) ? Object.entries(map) : [],
    );
    return dependencies.every(
      ([name, needs]) => !has(name) || (Array.isArray(needs) ? needs.every(has) : this.#fits(value, needs)),
    );
  }

  #acceptsProperty(name: string, value: unknown, schema: JsonObject): boolean {
    if (schema.propertyNames !== undefined && !this.#fits(name, schema.propertyNames)) return false;
    const schemas: unknown[] = [];
    if (isObject(schema.properties) && Object.hasOwn(schema.properties, name)) schemas.push(schema.properties[name]);
    if (isObject(schema.patternProperties)) {
      for (const [pattern, inner] of Object.entries(schema.patternProperties)) {
        if (this.#pattern(pattern).test(name)) schemas.push(inner);
      }
    }
    return (schemas.length === 0 ? [schema.additionalProperties] : schemas).every((inner) => this.#fits(value, inner));
  }

  #pattern(source: string): RegExp {
    let pattern = this.#patterns.get(source);
    if (pattern === undefined) this.#patterns.set(source, (pattern = new RegExp(source, 'u')));
    return pattern;
  }

  /** Finds what a reference means: a JSON pointer from the root on, or an `$id`. */
  #resolve(reference: string): unknown {
    if (!reference.startsWith('#')) {
      this.#identified ??= new Map(identifiedIn(this.root));
      return this.#identified.get(reference);
    }
    let schema = this.root;
    for (const segment of decodeURIComponent(reference).split('/').slice(1)) {
      const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      schema = typeof schema === 'object' && schema !== null ? Reflect.get(schema, key) : undefined;
    }
    return schema;
  }
}

function* identifiedIn(value: unknown): Generator<readonly [unknown, unknown], void, undefined> {
  if (typeof value !== 'object' || value === null) return;
  if ('$id' in value) yield [value.$id, value];
  for (const inner of Object.values(value)) yield* identifiedIn(inner);
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    default:
      return typeof value === type;
  }
}

function acceptsNumber(value: number, schema: JsonObject): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (isNumber(minimum) && (value < minimum || (exclusiveMinimum === true && value === minimum))) return false;
  if (isNumber(maximum) && (value > maximum || (exclusiveMaximum === true && value === maximum))) return false;
  if (isNumber(exclusiveMinimum) && value <= exclusiveMinimum) return false;
  if (isNumber(exclusiveMaximum) && value >= exclusiveMaximum) return false;
  return !isNumber(multipleOf) || Number.isInteger(value / multipleOf);
}

function isUnique(values: readonly unknown[]): boolean {
  return values.every((value, index) => values.slice(0, index).every((other) => !isDeepStrictEqual(value, other)));
}

function isWithin(count: number, least: unknown, most: unknown): boolean {
  return !(isNumber(least) && count < least) && !(isNumber(most) && count > most);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
