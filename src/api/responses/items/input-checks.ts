import { isJsonObject, isPresent, type JsonObject } from '../../../kernel/index.js';
import {
  checkObject,
  compileRuleSet,
  FaultLog,
  makeMissingFault,
  type RuleSet,
  makeValueFault,
  makeTypeFault,
} from '../../../schema/index.js';
import { ITEM_TYPES, MESSAGE_ROLES } from '../dto/index.js';
import { findKind, KNOWN_TYPES } from './input-kinds.js';

const ROLES = new Map(Object.entries(MESSAGE_ROLES).map(([role, type]) => [role, compileRuleSet(type)]));
const ITEMS = new Map(Object.entries(ITEM_TYPES).map(([name, type]) => [name, compileRuleSet(type)]));

/**
 * Checks the items of a request, each against the class of its kind. Unknown keys are not checked, and neither are
 * receipts of tools that others run. Takes linear time.
 */
export function checkItems(items: readonly unknown[], path: string, faults: FaultLog): void {
  for (const [index, item] of items.entries()) checkItem(item, `${path}[${index}]`, faults);
}

function checkItem(item: unknown, path: string, faults: FaultLog): void {
  if (!isJsonObject(item)) {
    faults.add(() => makeTypeFault(path, 'an object', item));
    return;
  }
  const kind = findKind(item);
  if (kind === 'receipt') return;
  if (kind === undefined) {
    const { type } = item;
    faults.add(() => {
      if (!isPresent(type)) return makeMissingFault(`${path}.type`);
      return typeof type === 'string'
        ? makeValueFault(`${path}.type`, type, KNOWN_TYPES)
        : makeTypeFault(`${path}.type`, 'a string', type);
    });
    return;
  }
  const rules = kind === 'message' ? findMessageRules(item, path, faults) : ITEMS.get(kind);
  if (rules !== undefined) checkObject(rules, item, path, faults);
}

function findMessageRules({ role }: JsonObject, path: string, faults: FaultLog): RuleSet | undefined {
  const rules = typeof role === 'string' ? ROLES.get(role) : undefined;
  if (rules !== undefined) return rules;
  faults.add(() => {
    if (!isPresent(role)) return makeMissingFault(`${path}.role`);
    return typeof role === 'string'
      ? makeValueFault(`${path}.role`, role, ROLES.keys())
      : makeTypeFault(`${path}.role`, 'a string', role);
  });
  return undefined;
}
