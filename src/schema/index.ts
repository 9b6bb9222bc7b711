export type { ObjectSchema } from './json-schema.js';
export { type OutputSchema, outputSchemaOf } from './output-schema.js';
export { isStructured, type OutputClass, type OutputType } from './output-type.js';
export { checkObject } from './rules/check-object.js';
export {
  type AllowedStrings,
  Nested,
  NOT_OFFERED,
  NotOffered,
  OneOf,
  OptionalBeside,
  OrAbsent,
  OrNull,
  OrString,
} from './rules/decorators.js';
export { nestedTypeOf } from './rules/nested-type.js';
export { metadataOf, type PropertyRule, type RuleSet, ruleSetOf } from './rules/rule-set.js';
export { type Fault, FaultLog } from './rules/validation-faults.js';
export { StructuredOutputError } from './structured-output-error.js';
