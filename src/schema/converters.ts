import 'reflect-metadata';
import {
  CONTAINS,
  EQUALS,
  IS_DATE,
  IS_DATE_STRING,
  IS_EMPTY,
  IS_ENUM,
  IS_IN,
  IS_INT,
  IS_IP,
  IS_ISO8601,
  IS_NOT_EMPTY,
  IS_NUMBER,
  IS_RFC_3339,
  MATCHES,
  MAX_DATE,
  MIN_DATE,
  ValidationTypes,
} from 'class-validator';
import { validationMetadataArrayToSchemas } from 'class-validator-jsonschema';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';
import type { RawSchema } from './json-schema.js';
import type { OutputClass } from './output-type.js';

type Converters = NonNullable<
  NonNullable<Parameters<typeof validationMetadataArrayToSchemas>[1]>['additionalConverters']
>;

/** Placeholder reference for the nested classes of a property; `makeStrictSchema` replaces it. */
export const NESTED = '#nested';

/** Keyword for a regular expression that no JSON Schema pattern can express, for example because of its flags. */
export const REGULAR_EXPRESSION = 'x-regular-expression';

const DATE_TIME = { type: 'string', format: 'date-time' } as const;

/** An ISO 8601 day or time. It is a pattern, so that an additional `@JSONSchema({ format: 'date' })` narrows it. */
const DAY_OR_TIME = {
  type: 'string',
  pattern:
    '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])(T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d))?$',
} as const;

/** Replace those converters of class-validator-jsonschema that say too little or are wrong. */
const CONVERTERS: Converters = {
  [ValidationTypes.NESTED_VALIDATION]: (meta) =>
    !meta.each && readDesignType(meta) === Array ? { type: 'array', items: { $ref: NESTED } } : { $ref: NESTED },
  // The original refers to the declared class of the property, even if that is Object.
  [ValidationTypes.CUSTOM_VALIDATION]: {},
  // The original forbids null, which no other type allows anyway.
  [ValidationTypes.IS_DEFINED]: {},
  [IS_EMPTY]: {},
  // The original says string, but the decorator fits any type.
  [IS_NOT_EMPTY]: { minLength: 1 },
  [EQUALS]: (meta) => makeValuesSchema([meta.constraints[0]]),
  [IS_IN]: (meta) => makeValuesSchema(meta.constraints[0] as readonly unknown[]),
  // The original says strings, and takes the names of a numeric enum for values.
  [IS_ENUM]: (meta) => makeValuesSchema(meta.constraints[1] as readonly unknown[]),
  [IS_DATE]: DATE_TIME,
  [MIN_DATE]: DATE_TIME,
  [MAX_DATE]: DATE_TIME,
  [IS_RFC_3339]: DATE_TIME,
  // The original requires fractions of a second.
  [IS_DATE_STRING]: DAY_OR_TIME,
  [IS_ISO8601]: DAY_OR_TIME,
  // The original says IPv4 where both versions are allowed.
  [IS_IP]: (meta) => {
    const version = String(meta.constraints[0] ?? '');
    return version === '4' || version === '6' ? { type: 'string', format: `ipv${version}` } : { type: 'string' };
  },
  // The original uses the text as a pattern.
  [CONTAINS]: (meta) => ({
    type: 'string',
    pattern: String(meta.constraints[0]).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  }),
  // The original drops the flags and the decorator's `modifiers` argument.
  [MATCHES]: (meta) => {
    const { source, flags } = new RegExp(
      meta.constraints[0] as RegExp | string,
      meta.constraints[1] as string | undefined,
    );
    return isPortablePattern(source, flags)
      ? { type: 'string', pattern: source }
      : { type: 'string', [REGULAR_EXPRESSION]: `/${source}/${flags}` };
  },
};

/** Schemas are merged in order, so the more exact validators come later: an integer is also a number. */
const EXACTNESS: Readonly<Record<string, number>> = {
  [IS_NUMBER]: 1,
  [EQUALS]: 2,
  [IS_IN]: 2,
  [IS_ENUM]: 2,
  [IS_INT]: 3,
};

/**
 * Makes the schema of a class with class-validator-jsonschema, from its validators and `@JSONSchema` decorators.
 * @param validators in the order of the properties, each with its constraint's name as `type` and the class as `target`
 */
export function makeRawSchema(type: OutputClass, validators: readonly ValidationMetadata[]): RawSchema {
  const ordered = validators.toSorted((a, b) => (EXACTNESS[a.type] ?? 0) - (EXACTNESS[b.type] ?? 0));
  const byProperty = new Map(validators.map(({ propertyName }) => [propertyName, [] as ValidationMetadata[]]));
  for (const validator of ordered) byProperty.get(validator.propertyName)?.push(validator);
  const schemas = validationMetadataArrayToSchemas([...byProperty.values()].flat(), {
    additionalConverters: CONVERTERS,
  });
  return { ...(schemas[type.name] as RawSchema | undefined) };
}

/**
 * Whether a regular expression means the same in every engine that reads schemas. OpenAI responds 400 "regex lookaround is
 * not supported"; linear-time engines have no back-references either; JSON Schema has no flags and is always Unicode.
 */
export function isPortablePattern(source: string, flags = ''): boolean {
  if (/[imsvy]/.test(flags) || /\(\?<?[=!]|\\[1-9]|\\k</.test(source.replaceAll('\\\\', ''))) return false;
  try {
    return new RegExp(source, 'u').source !== '';
  } catch {
    return false;
  }
}

function readDesignType({ target, propertyName }: ValidationMetadata): unknown {
  return typeof target === 'function'
    ? (Reflect.getMetadata('design:type', target.prototype as object, propertyName) as unknown)
    : undefined;
}

function makeValuesSchema(
  values: readonly unknown[],
): ReturnType<Extract<Converters[string], (...args: never) => unknown>> {
  const branches = [
    { type: 'string' as const, enum: values.filter((value) => typeof value === 'string') },
    {
      type: values.every((value) => typeof value !== 'number' || Number.isInteger(value))
        ? ('integer' as const)
        : ('number' as const),
      enum: values.filter((value) => typeof value === 'number'),
    },
    { type: 'boolean' as const, enum: values.filter((value) => typeof value === 'boolean') },
  ].filter((branch) => branch.enum.length > 0);
  const nullable = values.includes(null);
  if (branches.reduce((sum, branch) => sum + branch.enum.length, nullable ? 1 : 0) < values.length) return {};
  const [only] = branches;
  if (only !== undefined && branches.length === 1 && !nullable) return only;
  return { anyOf: [...branches, ...(nullable ? [{ type: 'null' as const }] : [])] };
}
