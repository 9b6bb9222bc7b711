import 'reflect-metadata';
import { TransformationType } from 'class-transformer';
import { defaultMetadataStorage as transforms } from 'class-transformer/cjs/storage.js';
import { IS_DATE } from 'class-validator';
import type { RawSchema } from './json-schema.js';
import { findType } from './nested-classes.js';
import type { OutputClass } from './output-type.js';
import type { Property } from './property.js';

/** The JSON types that fit a declared type; the first is assumed if no decorator names one. */
const JSON_FORMS: ReadonlyMap<unknown, readonly string[]> = new Map<unknown, readonly string[]>([
  [String, ['string']],
  [Number, ['number', 'integer']],
  [Boolean, ['boolean']],
  [Array, ['array']],
  [Date, ['string']],
]);
const WITHOUT_JSON: ReadonlySet<unknown> = new Set<unknown>([Set, Map, Promise, BigInt, Symbol, Function]);
/** Keywords by which a schema says which values it takes. */
const TYPE_KEYWORDS = ['type', '$ref', 'enum', 'const', 'anyOf', 'oneOf', 'allOf'];

/** The schema of a property with its type, which comes from the declaration if no decorator gives one. */
export function readTypedSchema(property: Property, hasNested: boolean, report: (problem: string) => void): RawSchema {
  const { type, name, raw } = property;
  const declared = Reflect.getMetadata('design:type', type.prototype as object, name) as OutputClass | undefined;
  const isConverted = transforms.findTransformMetadatas(type, name, TransformationType.PLAIN_TO_CLASS).length > 0;
  const forms = JSON_FORMS.get(declared);
  const said = raw['type'];
  const agrees =
    typeof said !== 'string' || (forms === undefined ? !isClass(declared) || said === 'object' : forms.includes(said));
  if (!isConverted && (declared === Date || isDate(property)) && !(isDate(property) && findType(property) === Date)) {
    report(
      'is a Date, which JSON does not have. Use @IsDate() with @Type(() => Date), or @IsDateString() on a string.',
    );
  } else if (declared !== undefined && WITHOUT_JSON.has(declared)) {
    report(`is declared as a ${declared.name}, which JSON does not have. Use an array or a class.`);
  } else if (!isConverted && !agrees) {
    report(`is declared as ${declared?.name}, but its decorators say ${said}. Make them agree.`);
  } else if (TYPE_KEYWORDS.some((keyword) => keyword in raw) && (said !== 'object' || hasNested)) {
    return raw;
  } else if (said === undefined && forms !== undefined) {
    return { ...raw, type: forms[0] };
  } else if (!hasNested && !('$ref' in raw)) report(describeUnknownType(declared));
  // Any type will do: a fault has been reported, so the schema is thrown away.
  return { type: 'string' };
}

function isDate({ validators }: Property): boolean {
  return validators.some(({ type }) => type === IS_DATE);
}

function isClass(declared: unknown): boolean {
  return typeof declared === 'function' && declared !== Object;
}

function describeUnknownType(declared: OutputClass | undefined): string {
  return declared === undefined || declared === Object
    ? 'may hold anything: nothing is known at run time of unions (with null too), interfaces and objects without a class. Add a decorator that says what it holds, such as @IsString(), a class with @ValidateNested() and @Type(), or @JSONSchema({ anyOf: [...] }).'
    : `holds a ${declared.name}, but nothing validates it. Add @ValidateNested() and @Type(() => ${declared.name}).`;
}
