import type { ElicitRequestFormParams, InputRequiredResult } from '@modelcontextprotocol/server';
import type { OpenWait } from '../../../engine/index.js';
import { isJsonObject, type JsonObject } from '../../../kernel/index.js';
import { loadSdk } from '../load-sdk.js';

type FormSchema = ElicitRequestFormParams['requestedSchema'];
type Field = FormSchema['properties'][string];

/** A form has plain fields only. Everything else is asked for as JSON in a text field. */
const WHOLE = 'answer';

/** What clients can check in a field of a form. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'format'],
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum'],
  boolean: [],
};

const FORMATS: readonly unknown[] = ['date', 'date-time', 'email', 'uri'];

/**
 * Asks a client to ask its user for the answers of a waiting run.
 * @param state returned by the client with the answers
 * @param fault why the previous answer was invalid; undefined: this is the first time
 */
export async function elicit(waits: readonly OpenWait[], state: string, fault?: string): Promise<InputRequiredResult> {
  const { inputRequired } = await loadSdk();
  const requests = waits.map(({ name, shown, schema }) => [
    name,
    inputRequired.elicit({ message: describe(name, shown, fault), requestedSchema: makeForm(schema) }),
  ]);
  return inputRequired({ requestState: state, inputRequests: Object.fromEntries(requests) as InputRequests });
}

type InputRequests = NonNullable<InputRequiredResult['inputRequests']>;

function describe(name: string, shown: unknown, fault: string | undefined): string {
  const lines = isJsonObject(shown)
    ? Object.entries(shown).map(
        ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
    : [JSON.stringify(shown)];
  return [...(fault === undefined ? [] : [fault]), `The workflow waits for your answer: ${name}`, ...lines].join(
    '\n\n',
  );
}

/** The form for an answer of this JSON Schema. */
function makeForm(schema: unknown): FormSchema {
  if (!isObjectSchema(schema)) {
    return {
      type: 'object',
      properties: { [WHOLE]: { type: 'string', description: `JSON that fits ${JSON.stringify(schema)}` } },
      required: [WHOLE],
    };
  }
  const fields = Object.entries(schema.properties).map(([name, property]) => [name, makeField(property)] as const);
  const required = (schema.required ?? []).filter((name) => !readPlain(schema.properties[name]).isNullable);
  return { type: 'object', properties: Object.fromEntries(fields), required };
}

/**
 * Reads the answer from a filled-in form.
 * @returns undefined if a field that must be JSON is not
 */
export function readForm(content: JsonObject, schema: unknown): { readonly value: unknown } | undefined {
  try {
    if (!isObjectSchema(schema)) return { value: JSON.parse(String(content[WHOLE])) };
    const { properties } = schema;
    const entries = Object.entries(content).flatMap(([name, value]) => {
      if (!Object.hasOwn(properties, name)) return [];
      const isText = typeof value === 'string' && findField(properties[name]) === undefined;
      return [[name, isText ? JSON.parse(value) : value] as const];
    });
    return { value: Object.fromEntries(entries) };
  } catch {
    return undefined;
  }
}

interface PlainObjectSchema {
  readonly properties: JsonObject;
  readonly required?: readonly string[];
}

function isObjectSchema(schema: unknown): schema is PlainObjectSchema {
  return isJsonObject(schema) && schema['type'] === 'object' && isJsonObject(schema['properties']);
}

function makeField(property: unknown): Field {
  const { description } = isJsonObject(property) ? property : {};
  const about = typeof description === 'string' ? description : undefined;
  const field = findField(property);
  if (field !== undefined) return { ...field, ...(about !== undefined && { description: about }) };
  const form = `JSON that fits ${JSON.stringify(property)}`;
  return { type: 'string', description: about === undefined ? form : `${about} (${form})` };
}

/** The plain field for a property; undefined if there is none. */
function findField(property: unknown): Field | undefined {
  const { plain } = readPlain(property);
  const { type } = plain;
  const values = plain['enum'];
  if (typeof type !== 'string' || KEYWORDS[type] === undefined) return undefined;
  if (Array.isArray(values)) {
    return type === 'string' ? { type, enum: values.filter((value) => typeof value === 'string') } : undefined;
  }
  const kept = KEYWORDS[type].filter((word) => word in plain && (word !== 'format' || FORMATS.includes(plain[word])));
  return { type, ...Object.fromEntries(kept.map((word) => [word, plain[word]])) } as Field;
}

/** A property without the possibility of null. */
function readPlain(property: unknown): { readonly plain: JsonObject; readonly isNullable: boolean } {
  if (!isJsonObject(property)) return { plain: {}, isNullable: false };
  const { type, anyOf } = property;
  if (Array.isArray(type)) {
    const types = type.filter((one) => one !== 'null');
    return {
      plain: { ...property, type: types.length === 1 ? types[0] : types },
      isNullable: types.length < type.length,
    };
  }
  if (Array.isArray(anyOf)) {
    const branches: readonly unknown[] = anyOf.filter((one) => !isJsonObject(one) || one['type'] !== 'null');
    const [only] = branches;
    return {
      plain: branches.length === 1 && isJsonObject(only) ? only : {},
      isNullable: branches.length < anyOf.length,
    };
  }
  return { plain: property, isNullable: false };
}
