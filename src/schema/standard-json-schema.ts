import type { CompiledSchema, ObjectDefinition } from './compiled-schema.js';
import { ensureError } from '../kernel/index.js';
import type { JsonSchema, ObjectSchema, RawSchema } from './json-schema.js';
import { OutputClassError } from './output-class-error.js';
import type { Presence } from './property-description.js';
import { cleanSchemaName } from './references.js';
import { JSON_SCHEMA_TARGET, type StandardSchema } from './standard-schema.js';
import { allowNull, makeStrictSchema, takesNull } from './strict-schema.js';

/** The methods of libraries that do not implement Standard JSON Schema: zod from 4.1, and arktype. */
interface OwnJsonSchema {
  readonly toJSONSchema?: (options: object) => object;
  readonly toJsonSchema?: () => object;
}

const ROOT = '#';
const DEFINITIONS = '#/$defs/';
/** Keywords that say nothing about the values that fit. */
const REMARKS = new Set([
  '$schema',
  '$id',
  'id',
  'title',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
/** No schema that a person wrote is nested this deeply, but one that refers to itself without an object between is. */
const DEEPEST = 100;

/**
 * Compiles a Standard Schema into a strict schema of its input, because the input is what a model writes. Objects become
 * `$defs`.
 * @throws OutputClassError that lists every fault
 */
export function compileStandardSchema(schema: StandardSchema): CompiledSchema & { readonly name: string } {
  const subject = `${schema['~standard'].vendor} schema`;
  const raw = readJsonSchema(schema, subject);
  const faults = new Set<string>();
  const compiler = new StandardCompiler(raw, (fault) => void faults.add(fault));
  const compiled = compiler.compile();
  if (faults.size > 0) throw new OutputClassError(subject, [...faults]);
  return { ...compiled, name: cleanSchemaName(typeof raw['title'] === 'string' ? raw['title'] : '') };
}

function readJsonSchema(schema: StandardSchema, subject: string): RawSchema {
  const { jsonSchema } = schema['~standard'];
  const own = schema as OwnJsonSchema;
  try {
    if (jsonSchema !== undefined) return jsonSchema.input({ target: JSON_SCHEMA_TARGET }) as RawSchema;
    if (own.toJSONSchema !== undefined) {
      return own.toJSONSchema({ io: 'input', target: JSON_SCHEMA_TARGET }) as RawSchema;
    }
    if (own.toJsonSchema !== undefined) return own.toJsonSchema() as RawSchema;
  } catch (error) {
    throw new OutputClassError(subject, [
      `its library cannot write it as JSON Schema: ${ensureError(error).message} Describe the output with types that JSON has.`,
    ]);
  }
  throw new OutputClassError(subject, [
    'it gives no JSON Schema. Use zod 4 or arktype; with valibot, toStandardJsonSchema(…) of @valibot/to-json-schema; or a class.',
  ]);
}

/** The place of a property in the schema. */
interface PropertyPlace {
  /** Its path in faults. */
  readonly path: string;
  /** Name of a definition that is made here. */
  readonly name: string;
  readonly depth: number;
}

class StandardCompiler {
  readonly #root: RawSchema;
  readonly #report: (fault: string) => void;
  readonly #definitions = new Map<string, ObjectDefinition>();
  /** References of the objects that have been compiled. */
  readonly #references = new Map<RawSchema, string>();

  constructor(root: RawSchema, report: (fault: string) => void) {
    this.#root = root;
    this.#report = report;
  }

  compile(): CompiledSchema {
    const root = this.#merge(this.#resolveReference(this.#root), '$');
    if (!describesObject(root)) {
      this.#report('it describes no object. Put the output into the properties of one.');
      return { schema: EMPTY, definitions: this.#definitions };
    }
    this.#references.set(this.#root, ROOT);
    this.#define(root, ROOT, { path: '$', name: 'Answer', depth: 0 });
    const [[, { schema }], ...others] = [...this.#definitions] as [
      [string, ObjectDefinition],
      ...[string, ObjectDefinition][],
    ];
    if (others.length === 0) return { schema, definitions: this.#definitions };
    const $defs = Object.fromEntries(
      others.map(([reference, nested]) => [reference.slice(DEFINITIONS.length), nested.schema]),
    );
    return { schema: { ...schema, $defs }, definitions: this.#definitions };
  }

  #define(raw: RawSchema, reference: string, place: PropertyPlace): void {
    // A placeholder, so that the root comes first and an object can refer to itself.
    const presence = new Map<string, Presence>();
    this.#definitions.set(reference, { schema: EMPTY, presence, discriminator: undefined });
    const required = new Set(raw['required'] as readonly string[] | undefined);
    const properties: Record<string, JsonSchema> = {};
    for (const [name, property] of Object.entries(raw['properties'] as Readonly<Record<string, RawSchema>>)) {
      const path = place.path === '$' ? name : `${place.path}.${name}`;
      const schema = this.#makeStrict(property, { path, name, depth: place.depth + 1 });
      presence.set(name, required.has(name) ? 'required' : takesNull(schema) ? 'conditional' : 'optional');
      properties[name] = required.has(name) ? schema : allowNull(schema);
    }
    const { description } = raw;
    const schema: ObjectSchema = {
      ...(typeof description === 'string' && reference === ROOT && { description }),
      type: 'object',
      properties,
      required: Object.keys(properties),
      additionalProperties: false,
    };
    this.#definitions.set(reference, { schema, presence, discriminator: undefined });
  }

  #makeStrict(raw: RawSchema, place: PropertyPlace): JsonSchema {
    const report = (problem: string): void => this.#report(`${place.path} ${problem}`);
    return makeStrictSchema(this.#hoist(raw, place), (reference) => ({ $ref: reference }), report);
  }

  /** Replaces objects in a schema by references. */
  #hoist(raw: RawSchema, place: PropertyPlace): RawSchema {
    if (place.depth > DEEPEST) {
      this.#report(`${place.path} refers to itself with no object between. Put it into one.`);
      return { type: 'null' };
    }
    const target = this.#resolveReference(raw);
    const whole = removeRemarks(this.#merge(target, place.path));
    const described: RawSchema = {
      ...whole,
      ...(raw['description'] !== undefined && { description: raw['description'] }),
    };
    const deeper = { ...place, depth: place.depth + 1 };
    if (whole['$ref'] !== undefined) {
      this.#report(`${place.path} refers to ${JSON.stringify(whole['$ref'])}, which is unknown here.`);
      return { type: 'null' };
    }
    const branches = (whole['anyOf'] ?? whole['oneOf']) as readonly RawSchema[] | undefined;
    if (branches !== undefined) {
      const { anyOf: _any, oneOf: _one, ...rest } = described;
      return { ...rest, anyOf: branches.map((branch) => this.#hoist(branch, deeper)) };
    }
    if (Array.isArray(whole['type']) && whole['type'].includes('object')) {
      const anyOf = whole['type'].map((type: unknown) => this.#hoist({ ...whole, type }, deeper));
      return { anyOf };
    }
    if (describesObject(whole)) {
      const { description } = described;
      return { ...(description !== undefined && { description }), $ref: this.#refer(target, whole, place) };
    }
    if (whole['type'] === 'object') {
      this.#report(
        `${place.path} is an object whose properties have no names, which no structured output can have. Name them, or use a list of names with values.`,
      );
      return { type: 'null' };
    }
    if (whole['type'] !== 'array') return described;
    if (whole['prefixItems'] !== undefined) {
      this.#report(`${place.path} is a tuple, which no structured output can have. Use an object or a list.`);
      return { type: 'null' };
    }
    return { ...described, items: this.#hoist((whole['items'] ?? {}) as RawSchema, deeper) };
  }

  #refer(target: RawSchema, whole: RawSchema, place: PropertyPlace): string {
    const known = this.#references.get(target);
    if (known !== undefined) return known;
    const title = typeof target['title'] === 'string' ? target['title'] : place.name;
    const name = DEFINITIONS + cleanSchemaName(title);
    let reference = name;
    for (let n = 2; this.#definitions.has(reference); n++) reference = `${name}_${n}`;
    this.#references.set(target, reference);
    this.#define(whole, reference, place);
    return reference;
  }

  /** Resolves a reference. */
  #resolveReference(raw: RawSchema): RawSchema {
    const reference = raw['$ref'];
    if (typeof reference !== 'string') return raw;
    if (reference === ROOT) return this.#root;
    const definitions = this.#root['$defs'] as Readonly<Record<string, RawSchema>> | undefined;
    const name = reference.startsWith(DEFINITIONS) ? reference.slice(DEFINITIONS.length) : undefined;
    const found = name === undefined || definitions === undefined ? undefined : definitions[name];
    // An unresolved reference is reported where it stands.
    return found === undefined ? raw : this.#resolveReference(found);
  }

  /** Merges the parts of `allOf` into one schema. */
  #merge(raw: RawSchema, path: string): RawSchema {
    const parts = raw['allOf'] as readonly RawSchema[] | undefined;
    if (parts === undefined) return raw;
    const { allOf: _parts, ...rest } = raw;
    const all = [rest, ...parts.map((part) => this.#merge(this.#resolveReference(part), path))];
    if (parts.length > 1 && !all.slice(1).every(describesObject)) {
      this.#report(`${path} must fit several schemas at once, which no structured output can say. Write it as one.`);
    }
    const properties = Object.assign({}, ...all.map((part) => part['properties'])) as object;
    const required = all.flatMap((part) => (part['required'] as readonly string[] | undefined) ?? []);
    const merged = Object.assign({}, ...all) as RawSchema;
    return Object.keys(properties).length === 0 ? merged : { ...merged, properties, required: [...new Set(required)] };
  }
}

const EMPTY: ObjectSchema = { type: 'object', properties: {}, required: [], additionalProperties: false };

function describesObject(raw: RawSchema): boolean {
  return typeof raw['properties'] === 'object' && (raw['type'] === 'object' || raw['type'] === undefined);
}

function removeRemarks(raw: RawSchema): RawSchema {
  return Object.fromEntries(Object.entries(raw).filter(([keyword]) => !REMARKS.has(keyword)));
}
