import { isPortablePattern, NESTED, REGULAR_EXPRESSION } from './converters.js';
import type { JsonLiteral, JsonSchema, JsonType, RawSchema } from './json-schema.js';

/** Formats that strict structured outputs accept. */
const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

const NUMBER_KEYWORDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];

/** Keywords of the strict subset, by type. */
const KEYWORDS: Readonly<Record<JsonType, readonly string[]>> = {
  string: ['pattern', 'format'],
  number: NUMBER_KEYWORDS,
  integer: NUMBER_KEYWORDS,
  boolean: [],
  array: ['minItems', 'maxItems'],
  object: [],
  null: [],
};

/** Gives the schema for a reference. */
type Resolve = (reference: string) => JsonSchema | undefined;

/**
 * Brings the schema of one property into the strict subset. Limits that the subset cannot express (length, uniqueness,
 * forbidden values, other formats) go into the description for the model; the class still checks them.
 * @param resolve gives the schema for a reference, such as `NESTED`; undefined if it does not know the reference
 * @param report takes what cannot be expressed at all
 */
export function makeStrictSchema(raw: RawSchema, resolve: Resolve, report: (problem: string) => void): JsonSchema {
  const branches = raw['anyOf'] ?? raw['oneOf'];
  if (raw['allOf'] !== undefined) report('has allOf, which no structured output can have. Write it as one schema.');
  if (raw['$ref'] !== undefined) {
    const target = resolve(raw['$ref'] as string);
    if (target !== undefined) return addDescription(raw, target);
    if (raw['$ref'] !== NESTED)
      report(
        `refers to ${JSON.stringify(raw['$ref'])}, which is unknown here. Use a class with @ValidateNested() and @Type().`,
      );
    return {};
  }
  if (Array.isArray(branches)) {
    const beside = Object.keys(raw).filter(
      (keyword) => !['anyOf', 'oneOf', 'description', 'nullable'].includes(keyword),
    );
    if (beside.length > 0) {
      report(
        `has ${beside.join(', ')} beside anyOf. Put them into its branches; @JSONSchema(() => ({ ... })) replaces what the decorators say.`,
      );
    }
    const anyOf = (branches as readonly RawSchema[]).map((branch) => makeStrictSchema(branch, resolve, report));
    return raw['nullable'] === true ? allowNull(addDescription(raw, { anyOf })) : addDescription(raw, { anyOf });
  }
  return makeTypedSchema(raw, resolve, report);
}

/** Makes a schema also take null. */
export function allowNull(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = schema;
  const about = description === undefined ? {} : { description };
  if (takesNull(schema)) return schema;
  if (rest.anyOf !== undefined) return { ...about, anyOf: [...rest.anyOf, { type: 'null' }] };
  if (typeof rest.type === 'string' && Object.keys(rest).length === 1) return { ...about, type: [rest.type, 'null'] };
  return { ...about, anyOf: [rest, { type: 'null' }] };
}

/** Whether a schema takes null. */
export function takesNull({ type, anyOf = [] }: JsonSchema): boolean {
  return type === 'null' || (Array.isArray(type) && type.includes('null')) || anyOf.some(takesNull);
}

function makeTypedSchema(raw: RawSchema, resolve: Resolve, report: (problem: string) => void): JsonSchema {
  const values = readValues(raw);
  const types = readTypes(raw, values);
  const branches = types
    .filter((type) => type !== 'null')
    .map((type) => makeBranch(type, raw, values, resolve, report));
  const [only] = branches;
  if (only === undefined) {
    if (!types.includes('null'))
      report('has a part of unknown type. Say it with a decorator, or with type in @JSONSchema().');
    return { type: 'null' };
  }
  if (values?.some((value) => value !== null && !types.some((type) => isOfType(value, type))) === true) {
    report('has values in its enum that are not of its type. Make them agree.');
  }
  const schema = addDescription(raw, branches.length === 1 ? only : { anyOf: branches });
  return types.includes('null') || raw['nullable'] === true ? allowNull(schema) : schema;
}

function makeBranch(
  type: JsonType,
  raw: RawSchema,
  values: readonly JsonLiteral[] | undefined,
  resolve: Resolve,
  report: (problem: string) => void,
): JsonSchema {
  const entries = KEYWORDS[type]
    .filter((keyword) => keyword in raw && isSupported(keyword, raw))
    .map((keyword) => [keyword, raw[keyword]]);
  const chosen = values?.filter((value) => isOfType(value, type));
  if (type === 'object')
    report('has an object without a class. Declare a class for it and add @ValidateNested() and @Type().');
  return {
    type,
    ...(chosen === undefined ? {} : { enum: chosen }),
    ...(type === 'array' ? { items: makeItems(raw, resolve, report) } : {}),
    ...(Object.fromEntries(entries) as JsonSchema),
  };
}

function makeItems(raw: RawSchema, resolve: Resolve, report: (problem: string) => void): JsonSchema {
  const items = raw['items'] as RawSchema | undefined;
  if (items !== undefined && Object.keys(items).length > 0) return makeStrictSchema(items, resolve, report);
  report(
    'is an array of unknown elements. Add a decorator with { each: true }, such as @IsString({ each: true }), or @ValidateNested({ each: true }) and @Type().',
  );
  return {};
}

function isSupported(keyword: string, raw: RawSchema): boolean {
  if (keyword === 'format') return FORMATS.has(raw['format']);
  return keyword !== 'pattern' || isPortablePattern(String(raw['pattern']));
}

function readValues(raw: RawSchema): readonly JsonLiteral[] | undefined {
  if ('const' in raw) return [raw['const'] as JsonLiteral];
  return raw['enum'] as readonly JsonLiteral[] | undefined;
}

function readTypes(raw: RawSchema, values: readonly JsonLiteral[] | undefined): readonly JsonType[] {
  const type = raw['type'] as JsonType | readonly JsonType[] | undefined;
  if (type === undefined) return [...new Set(values?.map(findJsonType))];
  return typeof type === 'string' ? [type] : type;
}

function findJsonType(value: JsonLiteral): JsonType {
  return value === null ? 'null' : (typeof value as 'string' | 'number' | 'boolean');
}

function isOfType(value: JsonLiteral, type: JsonType): boolean {
  return type === 'integer' ? Number.isInteger(value) : findJsonType(value) === type;
}

/** Adds the description. A reference must stand alone, so it moves into an `anyOf`, which may have a description. */
function addDescription(raw: RawSchema, schema: JsonSchema): JsonSchema {
  const notes = listNotes(raw).join(', ');
  const own = typeof raw['description'] === 'string' ? raw['description'] : '';
  const description = own === '' || notes === '' ? own + notes : `${own} (${notes})`;
  if (description === '') return schema;
  return schema.$ref === undefined ? { description, ...schema } : { description, anyOf: [schema] };
}

/** Lists the limits for which the strict subset has no keyword, in words for the model. */
function listNotes(raw: RawSchema): readonly string[] {
  const { minLength, maxLength, uniqueItems, format, pattern, not } = raw as {
    minLength?: number;
    maxLength?: number;
    uniqueItems?: boolean;
    format?: string;
    pattern?: string;
    not?: { enum?: readonly unknown[] };
  };
  const isText = raw['type'] === 'string';
  const notes: readonly (string | false)[] = [
    isText &&
      minLength !== undefined &&
      minLength > 0 &&
      `at least ${minLength} character${minLength === 1 ? '' : 's'}`,
    isText && maxLength !== undefined && `at most ${maxLength} characters`,
    uniqueItems === true && 'no duplicates',
    isText && format !== undefined && !FORMATS.has(format) && `format: ${format}`,
    isText && pattern !== undefined && !isPortablePattern(pattern) && `matching the regular expression ${pattern}`,
    REGULAR_EXPRESSION in raw && `matching the regular expression ${String(raw[REGULAR_EXPRESSION])}`,
    not?.enum !== undefined && `none of: ${not.enum.join(', ')}`,
  ];
  return notes.filter((note) => note !== false);
}
