import { isJsonObject, isPresent, type JsonObject } from '../../kernel/index.js';
import { hasValueInLists } from './decorators.js';
import type { Check, NestedRule, PropertyRule, RuleSet } from './rule-set.js';
import { makeCheckFault, FaultLog, makeMissingFault, makeValueFault, makeTypeFault } from './validation-faults.js';

/**
 * Checks a JSON object against the rules of its class and changes nothing. Only properties with rules are read: the time is
 * linear in their number, and the depth is that of the classes, whatever the body holds.
 *
 * @param path the object's place in the request; '' for the request itself
 */
export function checkObject(rules: RuleSet, object: JsonObject, path: string, faults: FaultLog): void {
  const present = new FaultLog();
  checkPresent(rules, object, path, present);
  if (!present.isEmpty) checkInOrder(rules, object, path, faults);
}

/** Checks the members of an object. */
type CheckMembers = (rules: RuleSet, object: JsonObject, path: string, faults: FaultLog) => void;

/**
 * Checks only the properties that are present or required. This is fast, because most requests hold a few of dozens of
 * parameters.
 */
const checkPresent: CheckMembers = (rules, object, path, faults) => {
  for (const rule of rules.required) checkProperty(rule, object, path, faults, checkPresent);
  for (const name of Object.keys(object)) {
    const rule = rules.byName.get(name);
    if (rule !== undefined) checkProperty(rule, object, path, faults, checkPresent);
  }
};

/** Checks all properties in declared order, so that the first fault is always the same. */
const checkInOrder: CheckMembers = (rules, object, path, faults) => {
  for (const rule of rules.properties) checkProperty(rule, object, path, faults, checkInOrder);
};

function checkProperty(
  rule: PropertyRule,
  object: JsonObject,
  path: string,
  faults: FaultLog,
  checkMembers: CheckMembers,
): void {
  const value = object[rule.name];
  if (!isPresent(value)) {
    const allowed = rule.optionalBeside === undefined || hasValueInLists(object, rule.optionalBeside);
    if (allowed && (value === null ? rule.nullable : rule.optional)) return;
    if (!allowed || value === undefined) {
      faults.add(() => makeMissingFault(writePath(path, rule.name), rule.optionalBeside));
      return;
    }
  }
  if (typeof value === 'string' && rule.orString !== undefined) {
    const allowed = rule.orString;
    if (allowed === 'any' || allowed.includes(value)) return;
    faults.add(() => makeValueFault(writePath(path, rule.name), value, allowed));
    return;
  }
  const failure = findFirstFailure(rule, object, value);
  if (failure !== undefined) {
    const { check, suffix, culprit } = failure;
    faults.add(() => makeCheckFault(rule, check, writePath(path, rule.name) + suffix, culprit));
    return;
  }
  if (rule.nested !== undefined) checkNested(rule.nested, value, writePath(path, rule.name), faults, checkMembers);
}

/** Finds the first check that the value or one of its items fails. `suffix` leads from the property to the culprit. */
function findFirstFailure(
  rule: PropertyRule,
  object: JsonObject,
  value: unknown,
): { readonly check: Check; readonly suffix: string; readonly culprit: unknown } | undefined {
  for (const check of rule.checks) {
    if (check.each && Array.isArray(value)) {
      const index = value.findIndex((item) => !passes(check, item, object));
      if (index >= 0) return { check, suffix: `[${index}]`, culprit: value[index] };
    } else if (!passes(check, value, object)) {
      return { check, suffix: '', culprit: value };
    }
  }
  return undefined;
}

function passes({ constraint, constraints, owner, property }: Check, value: unknown, object: JsonObject): boolean {
  return constraint.validate(value, { value, object, property, constraints, targetName: owner }) === true;
}

function checkNested(
  nested: NestedRule,
  value: unknown,
  path: string,
  faults: FaultLog,
  checkMembers: CheckMembers,
): void {
  if (!nested.each || !Array.isArray(value)) {
    checkVariant(nested, value, path, faults, checkMembers);
    return;
  }
  for (const [index, item] of value.entries()) checkVariant(nested, item, `${path}[${index}]`, faults, checkMembers);
}

function checkVariant(
  { discriminator, variants }: NestedRule,
  value: unknown,
  path: string,
  faults: FaultLog,
  checkMembers: CheckMembers,
): void {
  if (!isJsonObject(value)) {
    faults.add(() => makeTypeFault(path, 'an object', value));
    return;
  }
  const name = discriminator === undefined ? '' : value[discriminator];
  const rules = typeof name === 'string' ? variants.get(name) : undefined;
  if (rules !== undefined) {
    checkMembers(rules, value, path, faults);
    return;
  }
  const param = writePath(path, discriminator ?? '');
  faults.add(() => {
    if (name === undefined) return makeMissingFault(param);
    return typeof name === 'string'
      ? makeValueFault(param, name, variants.keys())
      : makeTypeFault(param, 'a string', name);
  });
}

function writePath(path: string, property: string): string {
  return path === '' ? property : `${path}.${property}`;
}
