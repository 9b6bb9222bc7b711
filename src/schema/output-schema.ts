import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { describeValue, findUnsafeNumber, hasMoreValues } from '../kernel/index.js';
import { type CompiledSchema, compileSchema, deepFreeze } from './compiled-schema.js';
import type { ObjectSchema } from './json-schema.js';
import { keepPromises } from './keep-promises.js';
import { OutputClassError } from './output-class-error.js';
import type { OutputClass, OutputType } from './output-type.js';
import { makeSchemaName } from './references.js';
import { ShapeReader } from './shape-reader.js';
import { compileStandardSchema } from './standard-json-schema.js';
import { isStandardSchema, type StandardSchema, validateStandard } from './standard-schema.js';
import { settlePromises } from './settle-promises.js';
import { findIssues } from './standard-issues.js';
import { type OutputFault, StructuredOutputError } from './structured-output-error.js';

/** One class or schema for a model: the JSON schema to send, and the parser of its output. */
export interface OutputSchema<T> {
  /**
   * For `response_format.json_schema.name`: the name of the class or the title of the schema, within `^[A-Za-z0-9_-]{1,64}$`.
   */
  readonly name: string;
  /** For `response_format.json_schema.schema`, with `strict: true`. Deeply frozen. */
  readonly schema: ObjectSchema;
  /**
   * Makes an instance of the class, or the value that the schema gives, from a model's output. Only `@Type`, `@Transform` or
   * the schema convert anything; unknown properties are dropped. Rules and transforms may be asynchronous, and their time is
   * not limited here.
   * @throws StructuredOutputError if the text is not JSON, does not fit, or holds a number that JavaScript cannot keep;
   *   whatever a rule of the author throws
   */
  readonly parse: (text: string) => Promise<T>;
  /**
   * The plain value of a text, without what {@link OutputSchema.parse} drops, and with no rule applied.
   * @throws StructuredOutputError if the text is not JSON, or does not have the form of the schema
   */
  readonly read: (text: string) => unknown;
}

/** JavaScript would round the number, and code would then use a wrong order, account or amount. */
const UNSAFE_NUMBER: OutputFault = {
  path: '$',
  message:
    'a number has more digits than are kept (it is exact up to 9007199254740991). Give it as a string where that fits',
};

/** Values take many times the memory of their text. A shorter output, in characters, cannot hold too many. */
const LONG_OUTPUT = 128 * 1024;
const MOST_VALUES = 1_000_000;
const TOO_MANY: OutputFault = { path: '$', message: `it holds more than ${MOST_VALUES} values` };

const VALIDATION = { validationError: { target: false, value: false } };

const schemas = new WeakMap<OutputType, OutputSchema<unknown>>();

/**
 * Makes the output schema of a class with class-validator decorators or of a Standard Schema. Each is compiled once.
 * @throws OutputClassError that lists what cannot be expressed, with the fixes
 */
export function makeOutputSchema<T>(type: OutputType<T>): OutputSchema<T> {
  const key = type as OutputType;
  const known = schemas.get(key) as OutputSchema<T> | undefined;
  if (known !== undefined) return known;
  // Callers without types can give anything.
  if (typeof type !== 'function' && !isStandardSchema(type)) {
    const fix = 'Give a class with class-validator decorators, or a schema such as one of zod 4.';
    throw new OutputClassError(`value ${describeValue(type)}`, [`it is neither a class nor a schema. ${fix}`]);
  }
  const made = Object.freeze(isStandardSchema(type) ? makeStandardSchema(type) : makeClassSchema(type));
  schemas.set(key, made);
  return made;
}

function makeClassSchema<T>(type: OutputClass<T>): OutputSchema<T> {
  const { schema, definitions } = compileSchema(type as OutputClass);
  return {
    name: makeSchemaName(type as OutputClass),
    schema,
    read: (text) => readOutput(text, definitions),
    parse: async (text) => {
      const plain = readOutput(text, definitions);
      const instance = await settlePromises(keepPromises(() => plainToInstance(type, plain)));
      const errors = await keepPromises(() => validate(instance as object, VALIDATION));
      if (errors.length > 0)
        throw StructuredOutputError.makeMismatchError(errors.flatMap((error) => findFaults(error, '')));
      return instance;
    },
  };
}

function makeStandardSchema<T>(type: StandardSchema<T>): OutputSchema<T> {
  const { name, schema, definitions } = compileStandardSchema(type);
  return {
    name,
    schema: deepFreeze(schema),
    read: (text) => readOutput(text, definitions),
    parse: async (text) => {
      const plain = readOutput(text, definitions);
      const result = await keepPromises(() => validateStandard(type, plain));
      if (result.issues !== undefined) throw StructuredOutputError.makeMismatchError(findIssues(result.issues, plain));
      return settlePromises(result.value);
    },
  };
}

/** Parses a text and checks its form. */
function readOutput(text: string, definitions: CompiledSchema['definitions']): unknown {
  const reader = new ShapeReader(definitions);
  const plain = reader.read(parseJson(text), { $ref: '#' });
  if (reader.faults.length > 0) throw StructuredOutputError.makeMismatchError(reader.faults);
  return plain;
}

function parseJson(text: string): unknown {
  if (text.length > LONG_OUTPUT && hasMoreValues(text, MOST_VALUES))
    throw StructuredOutputError.makeMismatchError([TOO_MANY]);
  const json = readJson(text);
  if (findUnsafeNumber(text) !== undefined) throw StructuredOutputError.makeMismatchError([UNSAFE_NUMBER]);
  return json;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The error of the engine quotes the text, so it is not kept as the cause.
    throw StructuredOutputError.makeNotJsonError(text.length);
  }
}

function findFaults({ property, constraints = {}, children = [] }: ValidationError, parent: string): OutputFault[] {
  const isIndex = /^\d+$/.test(property);
  const path = isIndex ? `${parent}[${property}]` : parent === '' ? property : `${parent}.${property}`;
  return [
    ...Object.values(constraints).map((message) => ({ path, message })),
    ...children.flatMap((child) => findFaults(child, path)),
  ];
}
