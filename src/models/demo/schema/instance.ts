import { UpstreamError } from '../../../errors/index.js';
import { isJsonObject, type JsonObject } from '../../../kernel/index.js';
import { conforms, readItems } from './conformance.js';
import { NoInstanceError } from './no-instance-error.js';
import { writeMatch } from './pattern.js';

/** A place in a value: the name of the property it belongs to, what its schema says of it, and its place in a list. */
interface Place {
  readonly name: string;
  readonly description: string;
  /** Undefined if it is in no list. */
  readonly index: number | undefined;
}

/** Decides what stands in a value wherever its schema leaves a choice. */
export interface Choices {
  /** Of any length. */
  writeText(place: Place): string;
  isTrue(place: Place): boolean;
  /** The options by how well they fit, the best one first, as indices. */
  rank(options: readonly string[]): readonly number[];
  /** Numbers that would be to the point. */
  readonly numbers: readonly number[];
}

/** What an instance is made for and from. */
export interface InstanceRequest {
  readonly schema: unknown;
  readonly choices: Choices;
  /** Where the schema stands in the request, for the error. */
  readonly param: 'response_format' | 'tools';
}

const MOST_STEPS = 20_000;
const MOST_CHARACTERS = 10_000;
/** Options that are weighed; the others come after them. */
const MOST_WEIGHED = 500;
/** From this depth on nothing is made that may be left out. */
const EASY_DEPTH = 6;
const MOST_DEPTH = 60;
const MOST_REPETITIONS = 20;
/** A text of each format, in the ranges and domains that are reserved for examples. */
const FORMATS: ReadonlyMap<string, string> = new Map(
  `date 2026-01-31|time 12:30:00Z|date-time 2026-01-31T12:30:00Z|duration P1D|email ada@example.com|idn-email ada@example.com
  |hostname example.com|idn-hostname example.com|uri https://example.com/1|iri https://example.com/1|uri-reference /1
  |iri-reference /1|uri-template /{id}|ipv4 192.0.2.1|ipv6 2001:db8::1|uuid 9b2f6d0e-4c1a-4e7b-8f3d-5a6c7e8f9012
  |json-pointer /items/1|relative-json-pointer 1/items|regex ^[a-z]+$`
    .split(/\s*\|/)
    .map((line) => line.split(' ') as [string, string]),
);

/**
 * Makes a value that fits a JSON schema, as JSON; properties come in the order of the schema. Its work is bounded, whatever
 * the schema asks for.
 *
 * @throws UpstreamError (400) if it makes none: the schema allows nothing, asks for too much, or has keywords that the demo
 *   does not know
 */
export function makeInstance({ schema, choices, param }: InstanceRequest): string {
  try {
    const place: Place = { name: '', description: '', index: undefined };
    return JSON.stringify(new InstanceMaker(schema, choices).make(schema, place, 0));
  } catch (error) {
    // A schema can be nested deeper than the stack, and a reference can be no address.
    if (![NoInstanceError, RangeError, URIError].some((type) => error instanceof type)) throw error;
    const reason = error instanceof NoInstanceError ? `: ${error.message}` : '';
    throw new UpstreamError(
      `The demo found no value that fits a JSON schema in \`${param}\`${reason}. Simplify the schema, or set OPENAI_API_KEY to have a real model answer.`,
      {
        status: 400,
        type: 'invalid_request_error',
        code: 'invalid_json_schema',
        param,
        retryable: false,
        cause: error,
      },
    );
  }
}

class InstanceMaker {
  #steps = 0;

  constructor(
    private readonly root: unknown,
    private readonly choices: Choices,
  ) {}

  make(given: unknown, outer: Place, depth: number): unknown {
    if (depth > MOST_DEPTH) throw new NoInstanceError('it never ends');
    const { anyOf, ...rest } = this.#flatten(given);
    const { oneOf, ...schema } = rest;
    const branches = anyOf ?? oneOf;
    const place = { ...outer, description: readText(schema.description) || outer.description };
    if (!Array.isArray(branches)) return this.#checked(this.#plain(schema, place, depth), given);
    let failure: unknown;
    const order = this.#order(branches.map(readLabel), place, (at) => isNull(branches[at]) === depth > EASY_DEPTH);
    for (const index of order) {
      try {
        const merged = merge(this.#flatten(branches[index]), anyOf === undefined ? schema : rest);
        return this.#checked(this.make(merged, place, depth + 1), given);
      } catch (error) {
        if (!(error instanceof NoInstanceError) || this.#steps > MOST_STEPS) throw error;
        failure = error;
      }
    }
    throw failure ?? new NoInstanceError('it allows nothing');
  }

  /** The schema with its references and `allOf` put into it. */
  #flatten(schema: unknown): JsonObject {
    let flat = merge({}, schema);
    while (typeof flat.$ref === 'string' || Array.isArray(flat.allOf)) {
      const { $ref, allOf, ...rest } = flat;
      const parts: readonly unknown[] = Array.isArray(allOf) ? allOf : [];
      flat = typeof $ref === 'string' ? merge(this.#resolve($ref), { ...rest, allOf: parts }) : rest;
      for (const part of typeof $ref === 'string' ? [] : parts) {
        this.#spend(1);
        flat = merge(part, flat);
      }
    }
    return flat;
  }

  #plain(schema: JsonObject, place: Place, depth: number): unknown {
    const options: readonly unknown[] | undefined = 'const' in schema ? [schema.const] : asList(schema.enum);
    if (options !== undefined) {
      if ('pattern' in schema) throw new NoInstanceError('it has both a pattern and fixed values');
      return options[this.#order(options.map(readText), place, (at) => options[at] !== null)[0] ?? -1];
    }
    const types = [schema.type ?? guessType(schema)].flat();
    switch (types.find((type) => type !== 'null') ?? types[0]) {
      case 'object':
        return this.#object(schema, place, depth);
      case 'array':
        return this.#list(schema, place, depth);
      case 'string':
        return this.#text(schema, place);
      case 'boolean':
        return this.choices.isTrue(place) !== ((place.index ?? 0) % 2 === 1);
      case 'integer':
      case 'number':
        return this.#number(schema, types.includes('number'), place.index ?? 0);
      default:
        return null;
    }
  }

  /** Indices of options, those that come first for a reason first; in a list, the next one for each item. */
  #order(labels: readonly string[], { index = 0 }: Place, isPreferred: (index: number) => boolean): readonly number[] {
    this.#spend(Math.min(labels.length, MOST_WEIGHED) / 5 + labels.length / 100);
    const weighed = this.choices.rank(labels.slice(0, MOST_WEIGHED));
    const ranked = [...weighed, ...Array.from(labels.keys()).slice(weighed.length)];
    const order = [...ranked.filter(isPreferred), ...ranked.filter((at) => !isPreferred(at))];
    const start = index % Math.max(order.length, 1);
    return [...order.slice(start), ...order.slice(0, start)];
  }

  #object(schema: JsonObject, place: Place, depth: number): JsonObject {
    const required = new Set((asList(schema.required) ?? []).map(String));
    const value: [string, unknown][] = [];
    const add = (name: string, part: unknown): void => {
      value.push([name, this.make(part, { ...place, name, description: '' }, depth + 1)]);
    };
    for (const [name, part] of Object.entries(isJsonObject(schema.properties) ? schema.properties : {})) {
      if (required.delete(name) || (depth < EASY_DEPTH && part !== false)) add(name, part);
    }
    for (const name of required) add(name, schema.additionalProperties);
    const least = numberOr(0, schema.minProperties);
    for (let number = 1; value.length < least; number++) add(`key${number}`, schema.additionalProperties);
    return Object.fromEntries(value);
  }

  #list(schema: JsonObject, place: Place, depth: number): unknown[] {
    const { tuple, items } = readItems(schema);
    const usual = Math.max(tuple.length, items !== false && depth < EASY_DEPTH ? 1 : 0);
    const length = Math.min(Math.max(numberOr(0, schema.minItems), usual), numberOr(Infinity, schema.maxItems));
    const value: unknown[] = [];
    for (let index = 0; index < length; index++) {
      value.push(this.make(index < tuple.length ? tuple[index] : items, { ...place, index }, depth + 1));
    }
    return value;
  }

  #text(schema: JsonObject, place: Place): string {
    const least = numberOr(0, schema.minLength);
    const most = numberOr(MOST_CHARACTERS, schema.maxLength);
    if (least > MOST_CHARACTERS) throw new NoInstanceError(`it asks for more than ${MOST_CHARACTERS} characters`);
    const format = FORMATS.get(readText(schema.format));
    if (format !== undefined) return format;
    if (typeof schema.pattern === 'string') {
      for (let more = place.index ?? 0; more < MOST_REPETITIONS + (place.index ?? 0); more++) {
        const text = this.#paid(writeMatch(schema.pattern, more));
        if (Array.from(text).length >= least && Array.from(text).length <= most) return text;
      }
      throw new NoInstanceError('no text has both the pattern and the length that it asks for');
    }
    const text = this.choices.writeText(place);
    // Beginnings of different texts can be the same, and the items of a list may have to differ.
    const isCut = place.index !== undefined && text.length > most;
    return this.#paid(fitLength(isCut ? `${place.index + 1} ${text}` : text, least, most));
  }

  #number(schema: JsonObject, isFraction: boolean, index: number): number {
    const from = Math.max(numberOr(-Infinity, schema.minimum), numberOr(-Infinity, schema.exclusiveMinimum));
    const to = Math.min(numberOr(Infinity, schema.maximum), numberOr(Infinity, schema.exclusiveMaximum));
    const step = Math.abs(numberOr(1, schema.multipleOf)) || 1;
    const middle =
      ((from === -Infinity ? Math.min(0, to - 2) : from) + (to === Infinity ? Math.max(2, from + 2) : to)) / 2;
    const near = [middle, from, to].flatMap((value) =>
      [0, 1, -1].map((by) => Number(((Math.round(value / step) + by + index) * step).toPrecision(15))),
    );
    const exact = isFraction ? [Math.round(middle * 100) / 100 + index, middle] : [];
    const fitting = [...this.choices.numbers.slice(index), ...exact, ...near].find(
      (value) => Number.isFinite(value) && (isFraction || Number.isInteger(value)) && this.#fits(value, schema),
    );
    if (fitting === undefined) throw new NoInstanceError('no number fits it');
    return fitting;
  }

  #checked<T>(value: T, schema: unknown): T {
    if (value === undefined || !this.#fits(value, schema))
      throw new NoInstanceError('no value that it allows was found');
    return value;
  }

  #fits(value: unknown, schema: unknown): boolean {
    return conforms(value, schema, (reference) => this.#resolve(reference));
  }

  #paid(text: string): string {
    this.#spend(text.length / 100);
    return text;
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) throw new NoInstanceError('it asks for too much');
  }

  /** Finds what a reference means: a JSON pointer from the root on. */
  #resolve(reference: string | undefined): unknown {
    this.#spend(1);
    if (reference === undefined) return undefined;
    let schema = this.root;
    for (const segment of decodeURIComponent(reference).split('/').slice(1)) {
      const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      schema = typeof schema === 'object' && schema !== null ? Reflect.get(schema, key) : undefined;
    }
    if (!reference.startsWith('#') || schema === undefined)
      throw new NoInstanceError('a reference in it leads nowhere');
    return schema;
  }
}

/** One schema that says what two say, as far as that is easy: what comes of it is held against both. */
function merge(one: unknown, other: unknown): JsonObject {
  if (one === false || other === false) throw new NoInstanceError('it allows nothing');
  const merged: Record<string, unknown> = isJsonObject(one) ? { ...one } : {};
  for (const [key, value] of Object.entries(isJsonObject(other) ? other : {})) {
    const own = Object.hasOwn(merged, key) ? merged[key] : undefined;
    if (key === 'pattern' && own !== undefined && own !== value) throw new NoInstanceError('it has two patterns');
    if (typeof own === 'number' && typeof value === 'number') {
      merged[key] = /^(?:max|exclusiveMax)/.test(key) ? Math.min(own, value) : Math.max(own, value);
    } else if (isJsonObject(own) && isJsonObject(value)) merged[key] = merge(own, value);
    else if (Array.isArray(own) && Array.isArray(value) && /^(?:allOf|required)$/.test(key))
      merged[key] = [...own, ...value];
    else merged[key] = value;
  }
  return merged;
}

function guessType(schema: JsonObject): string {
  const has = (...keys: string[]): boolean => keys.some((key) => key in schema);
  if (has('properties', 'required', 'additionalProperties', 'minProperties')) return 'object';
  if (has('items', 'prefixItems', 'minItems')) return 'array';
  return has('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf') ? 'number' : 'string';
}

/** Brings a text to a length in characters, at the end of a word if it can. */
function fitLength(text: string, least: number, most: number): string {
  const repeated = [...(text === '' ? 'demo' : text), ' '];
  const isShort = Array.from(text).length < least;
  const characters = isShort
    ? Array.from({ length: least }, (_, i) => repeated[i % repeated.length] ?? ' ')
    : [...text];
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

function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function numberOr(fallback: number, value: unknown): number {
  return typeof value === 'number' ? value : fallback;
}

function isNull(schema: unknown): boolean {
  return isJsonObject(schema) && (schema.type === 'null' || schema.const === null);
}
