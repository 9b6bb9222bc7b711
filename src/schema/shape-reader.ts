import { assertNever, isJsonObject } from '../kernel/index.js';
import type { ObjectDefinition } from './compiled-schema.js';
import type { JsonLiteral, JsonSchema, JsonType } from './json-schema.js';
import type { Discriminator } from './nested-classes.js';
import type { OutputFault } from './structured-output-error.js';

/** Far deeper than any model writes, and far from overflowing the stack of the libraries that read the value next. */
const DEEPEST = 100;

const TYPE_WORDS: Readonly<Record<JsonType, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  null: 'null',
};

/**
 * Checks that a parsed output has the form of its schema: its types, and every required property. Not every server makes a
 * model keep to the schema, and class-validator alone would let some faults pass, such as a single value in place of an
 * array, or a missing nested object.
 *
 * The result is a new object with only the own properties that the schema names, so nothing else, such as `__proto__`,
 * reaches the class.
 */
export class ShapeReader {
  readonly faults: OutputFault[] = [];
  readonly #definitions: ReadonlyMap<string, ObjectDefinition>;
  readonly #checksValues: boolean;

  /**
   * @param checksValues whether values must be among those of an `enum`: this tells the members of a union apart. Elsewhere
   *   the class or schema checks it itself, with a better message
   */
  constructor(definitions: ReadonlyMap<string, ObjectDefinition>, checksValues = false) {
    this.#definitions = definitions;
    this.#checksValues = checksValues;
  }

  /** The value without properties that the schema does not name; meaningless once there are faults. */
  read(value: unknown, schema: JsonSchema, path = '$', depth = 0): unknown {
    if (depth > DEEPEST) return this.#addFault(path, `is nested more than ${DEEPEST} levels deep`);
    if (schema.$ref !== undefined) return this.#readReference(value, schema.$ref, path, depth);
    if (schema.anyOf !== undefined) return this.#readUnion(value, schema.anyOf, path, depth);
    const types = [schema.type ?? []].flat();
    if (!types.some((type) => isOfType(value, type))) {
      return this.#addFault(path, `must be ${types.map((type) => TYPE_WORDS[type]).join(' or ')}`);
    }
    if (this.#checksValues && schema.enum?.includes(value as JsonLiteral) === false) {
      return this.#addFault(path, 'is not one of its values');
    }
    if (!Array.isArray(value)) return value;
    const { items = {} } = schema;
    return value.map((item: unknown, index) => this.read(item, items, `${path}[${index}]`, depth + 1));
  }

  #readReference(value: unknown, reference: string, path: string, depth: number): unknown {
    const definition = this.#definitions.get(reference);
    if (definition === undefined || !isOfType(value, 'object')) return this.#addFault(path, 'must be an object');
    const result: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(definition.schema.properties)) {
      const presence = definition.presence.get(name) ?? 'required';
      const found = readOwnProperty(value, name);
      const at = joinPath(path, name);
      if (found === undefined) {
        if (presence === 'required') this.#addFault(at, 'is missing');
      } else if (found !== null || presence !== 'optional') result[name] = this.read(found, schema, at, depth + 1);
    }
    return result;
  }

  #readUnion(value: unknown, branches: readonly JsonSchema[], path: string, depth: number): unknown {
    if (value === null && branches.some(({ type }) => type === 'null')) return null;
    const others = branches.filter(({ type }) => type !== 'null');
    const [only] = others;
    if (only !== undefined && others.length === 1) return this.read(value, only, path, depth);
    const members = others.map((branch) => ({ branch, discriminator: this.#findDiscriminator(branch) }));
    const property = members[0]?.discriminator?.property;
    if (property !== undefined && members.every(({ discriminator }) => discriminator?.property === property)) {
      if (!isOfType(value, 'object')) return this.#addFault(path, 'must be an object');
      const given = readOwnProperty(value, property);
      const member = members.find(({ discriminator }) => discriminator?.value === given);
      if (member !== undefined) return this.read(value, member.branch, path, depth);
      const values = members.map(({ discriminator }) => discriminator?.value).join(', ');
      return this.#addFault(joinPath(path, property), `must be one of: ${values}`);
    }
    for (const branch of others) {
      const attempt = new ShapeReader(this.#definitions, true);
      const result = attempt.read(value, branch, path, depth);
      if (attempt.faults.length === 0) return result;
    }
    return this.#addFault(path, 'matches none of its forms');
  }

  #findDiscriminator({ $ref }: JsonSchema): Discriminator | undefined {
    return $ref === undefined ? undefined : this.#definitions.get($ref)?.discriminator;
  }

  #addFault(path: string, message: string): undefined {
    this.faults.push({ path, message });
  }
}

function joinPath(path: string, property: string): string {
  return path === '$' ? property : `${path}.${property}`;
}

function readOwnProperty(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function isOfType(value: unknown, type: 'object'): value is object;
function isOfType(value: unknown, type: JsonType): boolean;
function isOfType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    // Numbers that are too large, such as 1e999, are parsed as Infinity.
    case 'number':
      return Number.isFinite(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'boolean':
      return typeof value === type;
    default:
      return assertNever(type);
  }
}
