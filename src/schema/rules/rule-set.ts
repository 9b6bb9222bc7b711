import type { ClassConstructor } from 'class-transformer';
import { getMetadataStorage, IS_OPTIONAL, ValidationTypes, type ValidatorConstraintInterface } from 'class-validator';
import type { AllowedStrings, Condition } from './decorators.js';
import { findNestedType } from './find-nested-type.js';

/** One constraint of a property. */
export interface Check {
  /** class-validator's name of the constraint, such as `isInt`. */
  readonly name: string;
  /** Name of the class. */
  readonly owner: string;
  /** Name of the property. */
  readonly property: string;
  readonly constraints: unknown[];
  /** True if the constraint is for the items of an array. */
  readonly each: boolean;
  readonly constraint: ValidatorConstraintInterface;
  /** Message of the decorator in place of the usual one. */
  readonly message: string | undefined;
  /** Error code of the decorator in place of the usual one. */
  readonly code: string | undefined;
}

/** How the nested objects of a property are checked. */
export interface NestedRule {
  readonly each: boolean;
  /** The property that tells the variants apart; undefined if there is only one. */
  readonly discriminator: string | undefined;
  /** By the value of the discriminator; a single variant stands under ''. */
  readonly variants: ReadonlyMap<string, RuleSet>;
}

/** The rules of one property, in the order of its decorators. */
export interface PropertyRule {
  readonly name: string;
  /** True if the property may be absent. */
  readonly optional: boolean;
  /** True if the property may be null. */
  readonly nullable: boolean;
  /** If set, the property may be absent or null only if one of these properties is present. */
  readonly optionalBeside: readonly string[] | undefined;
  readonly orString: AllowedStrings | undefined;
  readonly checks: readonly Check[];
  readonly nested: NestedRule | undefined;
}

/** The rules of a class, in the order of its properties. */
export interface RuleSet {
  readonly type: ClassConstructor<object>;
  readonly properties: readonly PropertyRule[];
  readonly byName: ReadonlyMap<string, PropertyRule>;
  /** The rules that an absent property can break. */
  readonly required: readonly PropertyRule[];
}

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

const compiled = new Map<ClassConstructor<object>, RuleSet>();

/**
 * Compiles the decorators of class-validator and class-transformer on a class into rules for plain JSON. The libraries' own
 * validation needs an instance of every nested object, takes 10 to 20 µs for each (20 ms and more for 1,000 messages), finds
 * the rules through `object.constructor`, which a body may contain as a key, and reports faults in no fixed order.
 *
 * @throws TypeError for a rule that cannot be compiled (an asynchronous one, an unknown condition)
 */
export function compileRuleSet(type: ClassConstructor<object>): RuleSet {
  const known = compiled.get(type);
  if (known !== undefined) return known;
  const properties = [...readMetadata(type)].map(([name, metadata]) => makePropertyRule(type, name, metadata));
  const ruleSet = {
    type,
    properties,
    byName: new Map(properties.map((rule) => [rule.name, rule])),
    required: properties.filter((rule) => !rule.optional || rule.optionalBeside !== undefined),
  };
  compiled.set(type, ruleSet);
  return ruleSet;
}

/** Reads the metadata that class-validator keeps for a class, by property, in source order. */
export function readMetadata(type: ClassConstructor<object>): ReadonlyMap<string, readonly Metadata[]> {
  const byProperty = new Map<string, Metadata[]>();
  for (const metadata of getMetadataStorage().getTargetValidationMetadatas(type, '', true, false)) {
    // Decorators run from the last to the first.
    byProperty.set(metadata.propertyName, [metadata, ...(byProperty.get(metadata.propertyName) ?? [])]);
  }
  return byProperty;
}

function makePropertyRule(owner: ClassConstructor<object>, name: string, metadata: readonly Metadata[]): PropertyRule {
  const where = `${owner.name}.${name}`;
  const conditions = metadata.filter(({ type }) => type === ValidationTypes.CONDITIONAL_VALIDATION);
  const contexts = conditions.filter((one) => one.name !== IS_OPTIONAL).map((one) => readCondition(one, where));
  const optionalBeside = contexts.find((context) => context.optionalBeside)?.optionalBeside;
  const optional = optionalBeside !== undefined || conditions.some((one) => one.name === IS_OPTIONAL);
  const nested = metadata.find(({ type }) => type === ValidationTypes.NESTED_VALIDATION);
  return {
    name,
    optional: optional || contexts.some((context) => context.orAbsent),
    nullable: optional || contexts.some((context) => context.orNull),
    optionalBeside,
    orString: contexts.find((context) => context.orString)?.orString,
    checks: metadata.filter(({ type }) => CHECKED.has(type)).map((one) => makeCheck(owner, one)),
    nested: nested && makeNestedRule(owner, nested),
  };
}

const CHECKED: ReadonlySet<string> = new Set([ValidationTypes.CUSTOM_VALIDATION, ValidationTypes.IS_DEFINED]);

function readCondition(metadata: Metadata, where: string): Condition {
  const context = metadata.context as Condition | undefined;
  if (context === undefined) throw new TypeError(`${where} has a condition without a meaning.`);
  return context;
}

function makeCheck(owner: ClassConstructor<object>, metadata: Metadata): Check {
  const where = `${owner.name}.${metadata.propertyName}`;
  const [constraint] = getMetadataStorage().getTargetValidatorConstraints(metadata.constraintCls);
  if (constraint === undefined || constraint.async) throw new TypeError(`${where} has a rule that cannot be run here.`);
  if (typeof metadata.message === 'function') throw new TypeError(`${where}: give the message as a string.`);
  const context = metadata.context as { readonly code?: string } | undefined;
  return {
    name: constraint.name,
    owner: owner.name,
    property: metadata.propertyName,
    constraints: (metadata.constraints as unknown[] | undefined) ?? [],
    each: metadata.each,
    constraint: constraint.instance,
    message: metadata.message,
    code: context?.code,
  };
}

function makeNestedRule(owner: ClassConstructor<object>, metadata: Metadata): NestedRule {
  const nested = findNestedType(owner, metadata.propertyName);
  const each = metadata.each;
  if ('type' in nested)
    return { each, discriminator: undefined, variants: new Map([['', compileRuleSet(nested.type)]]) };
  return {
    each,
    discriminator: nested.property,
    variants: new Map([...nested.variants].map(([name, type]) => [name, compileRuleSet(type)])),
  };
}
