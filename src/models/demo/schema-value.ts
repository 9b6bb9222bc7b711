import { isJsonObject, type JsonObject } from '../../kernel/index.js';
import type { Choices, Place } from './choices.js';
import { makeRefusalError } from './refusal.js';
import { asList, findPropertySchema, isWithin, NoValueError, SchemaCheck } from './schema-check.js';

const MOST_CHARACTERS = 10_000;
/** So much of a free text is held against a pattern. */
const MOST_MATCHED = 100;
/** Options that are weighed; nothing comes of the others. */
const MOST_OPTIONS = 500;
const MOST_PARTS = 100;
/** From this depth on nothing is made that may be left out. */
const EASY_DEPTH = 6;
const MOST_DEPTH = 60;
/** A text of each format, in the ranges and domains that are reserved for examples. */
const FORMATS: ReadonlyMap<string, string> = new Map(
  `date 2026-01-31|time 12:30:00Z|date-time 2026-01-31T12:30:00Z|duration P1D|email ada@example.com|idn-email ada@example.com
  |hostname example.com|idn-hostname example.com|uri https://example.com/1|iri https://example.com/1|uri-reference /1
  |iri-reference /1|uri-template /{id}|ipv4 192.0.2.1|ipv6 2001:db8::1|uuid 9b2f6d0e-4c1a-4e7b-8f3d-5a6c7e8f9012
  |json-pointer /items/1|relative-json-pointer 1/items|regex ^[a-z]+$|base64 ZGVtbw==`
    .split(/\s*\|/)
    .map((line) => line.split(' ') as [string, string]),
);
/** Texts that are tried where there is a pattern. */
const SAMPLES = [
  ...`a A 1 ab AB 12 abc ABC Abc 123 1234 12345 123456 A1 AB12 AB-123 ABC-1234 2026-01 12:30 1.5 1.0.0 v1.0.0 #1a2b3c a-b a_b a.b en-US
  +4915112345678 2026-01-31T12:30:00.000Z 507f1f77bcf86cd799439011 01ARZ3NDEKTSV4RRFFQ69G5FAV V1StGXR8_Z5jdHi6B-myT`.split(
    /\s+/,
  ),
  ...FORMATS.values(),
];

/**
 * Makes a value that fits a JSON schema, as JSON; properties come in the order of the schema.
 *
 * @param param where the schema stands in the request, for the error
 * @throws UpstreamError (400) if it makes none: the schema allows nothing, asks for too much, or has keywords that the demo
 *   does not know
 */
export function makeValue(schema: unknown, choices: Choices, param: 'response_format' | 'tools'): string {
  try {
    const check = new SchemaCheck(schema);
    return JSON.stringify(new ValueMaker(check, choices).makeChecked(schema, { name: '', description: '' }, 0));
  } catch (error) {
    // A RangeError is the end of what may be spent, or of the stack.
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

  makeChecked(schema: unknown, place: Place, depth: number, given = schema): unknown {
    const value = this.#make(schema, place, depth);
    if (!this.check.fits(value, given)) throw new NoValueError('no value that it allows was found');
    return value;
  }

  #make(given: unknown, outer: Place, depth: number): unknown {
    if (depth > MOST_DEPTH) throw new NoValueError('it never ends');
    const schema = this.#flatten(given);
    const place = { ...outer, description: readText(schema.description) || outer.description };
    const { [Array.isArray(schema.anyOf) ? 'anyOf' : 'oneOf']: branches, ...rest } = schema;
    if (!Array.isArray(branches)) return this.#makePlain(schema, place, depth);
    let failure = new NoValueError('it allows nothing');
    const order = this.#order(branches.map(readLabel), place, (at) => isNull(branches[at]) === depth > EASY_DEPTH);
    for (const index of order) {
      try {
        return this.makeChecked(merge(this.#flatten(branches[index]), rest), place, depth + 1, schema);
      } catch (error) {
        if (!(error instanceof NoValueError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** The schema with its references and `allOf` put into it. */
  #flatten(schema: unknown): JsonObject {
    this.check.spend(1);
    if (schema === false) throw new NoValueError('it allows nothing');
    const { $ref, allOf, ...rest } = isJsonObject(schema) ? schema : {};
    const parts = [...(typeof $ref === 'string' ? [this.check.resolve($ref)] : []), ...asList(allOf)];
    if (parts.length > MOST_PARTS) throw new NoValueError(`an \`allOf\` of it has more than ${MOST_PARTS} parts`);
    return parts.reduce<JsonObject>((whole, part) => merge(this.#flatten(part), whole), rest);
  }

  #makePlain(schema: JsonObject, place: Place, depth: number): unknown {
    const options = 'const' in schema ? [schema.const] : schema.enum;
    if (Array.isArray(options)) {
      return options[this.#order(options.map(readText), place, (at) => options[at] !== null)[0] ?? -1];
    }
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

  /** Indices of options, those that are preferred first; in a list, the next one for each item. */
  #order(labels: readonly string[], { index = 0 }: Place, isPreferred: (index: number) => boolean): readonly number[] {
    const ranked = this.choices.rank(labels.slice(0, MOST_OPTIONS));
    this.check.spend(ranked.length / 5);
    const order = ranked.toSorted((a, b) => Number(isPreferred(b)) - Number(isPreferred(a)));
    const start = index % Math.max(order.length, 1);
    return [...order.slice(start), ...order.slice(0, start)];
  }

  #makeObject(schema: JsonObject, place: Place, depth: number): JsonObject {
    const required = new Set(asList(schema.required).map(String));
    const properties = Object.entries(isJsonObject(schema.properties) ? schema.properties : {});
    const usual = properties.filter(([name, part]) => required.has(name) || (depth < EASY_DEPTH && part !== false));
    const names = new Set([...usual.map(([name]) => name), ...required]);
    const makePart = (name: string): unknown =>
      this.#make(findPropertySchema(schema, name), { ...place, name, description: '' }, depth + 1);
    return Object.fromEntries(Array.from(names, (name) => [name, makePart(name)]));
  }

  #makeList({ items, minItems, maxItems }: JsonObject, place: Place, depth: number): unknown[] {
    const usual = items !== false && depth < EASY_DEPTH ? 1 : 0;
    const length = Math.min(Math.max(numberOr(0, minItems), usual), numberOr(Infinity, maxItems));
    const value: unknown[] = [];
    for (let index = 0; index < length; index++) value.push(this.#make(items, { ...place, index }, depth + 1));
    return value;
  }

  #makeText({ format, pattern, minLength, maxLength }: JsonObject, place: Place): unknown {
    const [least, most] = [numberOr(0, minLength), numberOr(MOST_CHARACTERS, maxLength)];
    if (least > MOST_CHARACTERS) throw new NoValueError(`it asks for more than ${MOST_CHARACTERS} characters`);
    const text = FORMATS.get(readText(format)) ?? fitLength(this.choices.writeText(place), least, most);
    this.check.spend(text.length / 100);
    if (typeof pattern !== 'string') return text;
    const texts = [text.slice(0, MOST_MATCHED), ...SAMPLES].filter(({ length }) => isWithin(length, least, most));
    const match = this.check.findMatch(pattern, texts);
    if (match === undefined) throw new NoValueError('the demo knows no text for a `pattern` of it');
    return match;
  }

  #makeNumber(schema: JsonObject, index: number): number {
    const { minimum, exclusiveMinimum = minimum, maximum, exclusiveMaximum = maximum, multipleOf } = schema;
    const from = numberOr(numberOr(2, exclusiveMaximum) - 2, exclusiveMinimum);
    const middle = (from + numberOr(from + 2, exclusiveMaximum)) / 2;
    const step = Math.abs(numberOr(1, multipleOf)) || 1;
    const multiples = [0, 1, -1].map((by) => Number(((Math.round(middle / step) + by + index) * step).toPrecision(15)));
    const tried = [...this.choices.numbers.slice(index), Math.round(middle * 100) / 100 + index, middle, ...multiples];
    const fitting = tried.find((value) => Number.isFinite(value) && this.check.fits(value, schema));
    if (fitting === undefined) throw new NoValueError('no number that it allows was found');
    return fitting;
  }
}

/** One schema that says what two say, as far as that is easy: what comes of it is held against both. */
function merge(one: JsonObject, other: JsonObject): JsonObject {
  const properties = new Map(Object.entries(isJsonObject(one.properties) ? one.properties : {}));
  for (const [name, part] of Object.entries(isJsonObject(other.properties) ? other.properties : {})) {
    properties.set(name, properties.has(name) ? { allOf: [properties.get(name), part] } : part);
  }
  const required = [...asList(one.required), ...asList(other.required)];
  return {
    ...one,
    ...other,
    ...(properties.size > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required }),
  };
}

/** Brings a text to a length in characters, at the end of a word if it can. */
function fitLength(text: string, least: number, most: number): string {
  const characters = Array.from(text);
  if (characters.length < least) {
    // A character takes at most two of the units that are counted here.
    const long = text.padEnd(2 * least, ` ${text || 'demo'}`);
    return Array.from(long).slice(0, least).join('');
  }
  const space = characters.lastIndexOf(' ', most);
  return characters.slice(0, characters.length > most && space >= Math.max(least, most / 2) ? space : most).join('');
}

function readLabel(schema: unknown): string {
  if (!isJsonObject(schema)) return '';
  return readText('const' in schema ? schema.const : (schema.title ?? schema.description));
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : '';
}

function numberOr(fallback: number, value: unknown): number {
  return typeof value === 'number' ? value : fallback;
}

function isNull(schema: unknown): boolean {
  return isJsonObject(schema) && (schema.type === 'null' || schema.const === null);
}
