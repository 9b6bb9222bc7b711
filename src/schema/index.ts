export type { ObjectSchema } from './json-schema.js';
export { type OutputSchema, makeOutputSchema } from './output-schema.js';
export type { ObjectType, OutputClass, OutputIsNoObject, OutputType } from './output-type.js';
export { type StandardSchema } from './standard-schema.js';
export { Describe } from './describe.js';
export { checkObject } from './rules/check-object.js';
export {
  type AllowedStrings,
  Always,
  Nested,
  NOT_OFFERED,
  NotOffered,
  OneOf,
  OptionalBeside,
  OrAbsent,
  OrNull,
  OrString,
} from './rules/decorators.js';
export { findNestedType } from './rules/find-nested-type.js';
export { readMetadata, type PropertyRule, type RuleSet, compileRuleSet } from './rules/rule-set.js';
export { type Fault, FaultLog, makeMissingFault, makeTypeFault, makeValueFault } from './rules/validation-faults.js';
export { StructuredOutputError } from './structured-output-error.js';
