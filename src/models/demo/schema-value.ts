import { isJsonObject, type JsonObject } from '../../kernel/index.js';
import type { Choices, ValuePlace } from './choices.js';
import { FORMAT_TEXTS, PATTERN_TEXTS } from './formats.js';
import { makeRefusalError } from './refusal.js';
import { readList, findPropertySchema, NoValueError, readObject, SchemaCheck } from './schema-check.js';

const MOST_CHARACTERS = 10_000;
/** From this depth on, optional parts are left out. */
const EASY_DEPTH = 6;
const MOST_DEPTH = 60;

/**
 * Makes a value that fits a JSON schema, as JSON text, with properties in the order of the schema.
 *
 * @param param the parameter that holds the schema, for the error
 * @throws UpstreamError (400) if it finds none, for example because the schema has keywords that the demo does not know
 */
export function makeValue(schema: unknown, choices: Choices, param: 'response_format' | 'tools'): string {
  try {
    const check = new SchemaCheck(schema);
    return JSON.stringify(new ValueMaker(check, choices).makeChecked(schema, { name: '', description: '' }, 0));
  } catch (error) {
    // A RangeError means that the work or the stack has reached its limit.
    if (!(error instanceof NoValueError || error instanceof RangeError)) throw error;
    const reason = error instanceof NoValueError ? error.message : 'it asks for too much';
    const fault = `The demo found no value that fits a JSON schema in \`${param}\`: ${reason}. Simplify the schema`;
    throw makeRefusalError(fault, 'invalid_json_schema', param);
  }
}

class ValueMaker {
  constructor(
    private readonly check: SchemaCheck,
    private readonly choices: Choices,
  ) {}

  makeChecked(schema: unknown, place: ValuePlace, depth: number, given = schema): unknown {
    const value = this.#make(schema, place, depth);
    if (!this.check.fits(value, given)) throw new NoValueError('no value that it allows was found');
    return value;
  }

  #make(given: unknown, outer: ValuePlace, depth: number): unknown {
    if (depth > MOST_DEPTH) throw new NoValueError('it never ends');
    const schema = this.#flatten(given);
    const place = { ...outer, description: readText(schema.description) || outer.description };
    const { [Array.isArray(schema.anyOf) ? 'anyOf' : 'oneOf']: branches, ...rest } = schema;
    if (!Array.isArray(branches)) return this.#makePlain(schema, place, depth);
    let failure = new NoValueError('it allows nothing');
    for (const branch of this.#order(branches, place, depth > EASY_DEPTH)) {
      try {
        return this.makeChecked(mergeSchemas(this.#flatten(branch), rest), place, depth + 1, schema);
      } catch (error) {
        if (!(error instanceof NoValueError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** Merges the references and `allOf` of a schema into it. */
  #flatten(schema: unknown): JsonObject {
    this.check.spend(1);
    if (schema === false) throw new NoValueError('it allows nothing');
    const { $ref, allOf, ...rest } = readObject(schema);
    const parts = [...(typeof $ref === 'string' ? [this.check.resolve($ref)] : []), ...readList(allOf)];
    this.check.spend(parts.length ** 2 / 10);
    return parts.reduce<JsonObject>((whole, part) => mergeSchemas(this.#flatten(part), whole), rest);
  }

  #makePlain(schema: JsonObject, place: ValuePlace, depth: number): unknown {
    const options = 'const' in schema ? [schema.const] : schema.enum;
    if (Array.isArray(options)) return this.#order(options, place, false)[0];
    const types = [schema.type ?? ('properties' in schema ? 'object' : 'string')].flat();
    switch (types.find((type) => type !== 'null')) {
      case 'object':
        return this.#makeObject(schema, place, depth);
      case 'array':
        return this.#makeList(schema, place, depth);
      case 'string':
        return this.#makeText(schema, place);
      case 'boolean':
        return this.choices.isTrue(place) !== ((place.index ?? 0) % 2 === 1);
      case 'integer':
      case 'number':
        return this.#makeNumber(schema, place.index ?? 0);
      default:
        return null;
    }
  }

  /** Orders options or branches: the best first, null first or last. In a list, each item begins with the next option. */
  #order(options: readonly unknown[], { index = 0 }: ValuePlace, isNullFirst: boolean): readonly unknown[] {
    this.check.spend(options.length / 5);
    const ranked = this.choices.rank(options.map(readLabel)).map((at) => options[at]);
    const order = ranked.toSorted((a, b) => Number(isNull(b) === isNullFirst) - Number(isNull(a) === isNullFirst));
    const start = index % Math.max(order.length, 1);
    return [...order.slice(start), ...order.slice(0, start)];
  }

  #makeObject(schema: JsonObject, place: ValuePlace, depth: number): JsonObject {
    const required = new Set(readList(schema.required).map(String));
    const properties = Object.entries(readObject(schema.properties));
    const usual = properties.filter(([name, part]) => required.has(name) || (depth < EASY_DEPTH && part !== false));
    const names = new Set([...usual.map(([name]) => name), ...required]);
    const makePart = (name: string): unknown =>
      this.#make(findPropertySchema(schema, name), { ...place, name, description: '' }, depth + 1);
    return Object.fromEntries(Array.from(names, (name) => [name, makePart(name)]));
  }

  #makeList({ items, minItems, maxItems }: JsonObject, place: ValuePlace, depth: number): unknown[] {
    const usual = items !== false && depth < EASY_DEPTH ? 1 : 0;
    const length = Math.min(Math.max(readNumber(0, minItems), usual), readNumber(Infinity, maxItems));
    this.check.spend(length);
    return Array.from({ length }, (_, index) => this.#make(items, { ...place, index }, depth + 1));
  }

  #makeText({ format, pattern, minLength, maxLength }: JsonObject, place: ValuePlace): unknown {
    const [least, most] = [readNumber(0, minLength), readNumber(MOST_CHARACTERS, maxLength)];
    if (least > MOST_CHARACTERS) throw new NoValueError(`it asks for more than ${MOST_CHARACTERS} characters`);
    const fixed = PATTERN_TEXTS.get(String(pattern)) ?? FORMAT_TEXTS.get(readText(format));
    const text = fixed ?? fitLength(this.choices.writeText(place), least, most);
    this.check.spend(text.length / 100);
    return text;
  }

  #makeNumber(schema: JsonObject, index: number): unknown {
    const { minimum, exclusiveMinimum = minimum, maximum, exclusiveMaximum = maximum, multipleOf } = schema;
    const from = readNumber(readNumber(2, exclusiveMaximum) - 2, exclusiveMinimum);
    const middle = (from + readNumber(from + 2, exclusiveMaximum)) / 2;
    const step = Math.abs(readNumber(1, multipleOf)) || 1;
    const multiples = [0, 1, -1].map((by) => Number(((Math.round(middle / step) + by + index) * step).toPrecision(15)));
    const tried = [...this.choices.numbers.slice(index), Math.round(middle * 100) / 100 + index, middle, ...multiples];
    return tried.find((value) => Number.isFinite(value) && this.check.fits(value, schema));
  }
}

/** Merges two schemas as far as that is simple; the resulting value is checked against both. */
function mergeSchemas(one: JsonObject, other: JsonObject): JsonObject {
  const [first, second] = [readObject(one.properties), readObject(other.properties)];
  const shared = Object.keys(second).filter((name) => Object.hasOwn(first, name));
  const both = Object.fromEntries(shared.map((name) => [name, { allOf: [first[name], second[name]] }]));
  const properties = { ...first, ...second, ...both };
  const required = [...readList(one.required), ...readList(other.required)];
  return { ...one, ...other, required, ...(Object.keys(properties).length > 0 && { properties }) };
}

/** Fits a text to a length in characters. */
function fitLength(text: string, least: number, most: number): string {
  const characters = Array.from(text);
  if (characters.length >= least) return characters.slice(0, most).join('');
  // A character has at most two of the UTF-16 units that `padEnd` counts.
  const long = text.padEnd(2 * least, ` ${text || 'demo'}`);
  return Array.from(long).slice(0, least).join('');
}

function readLabel(option: unknown): string {
  const { const: value, title, description } = readObject(option);
  return readText(isJsonObject(option) ? (value ?? title ?? description) : option);
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : '';
}

function readNumber(fallback: number, value: unknown): number {
  return typeof value === 'number' ? value : fallback;
}

function isNull(option: unknown): boolean {
  return option === null || (isJsonObject(option) && (option.type === 'null' || option.const === null));
}
