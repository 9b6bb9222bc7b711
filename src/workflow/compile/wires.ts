import { assertNever } from '../../kernel/index.js';
import type { Flow, FlowStep } from '../flow.js';
import { isRefs } from '../request-refs.js';
import { findOrigin, Ref } from '../ref.js';
import type { Values } from '../workflow-schema.js';

/** Finds the value of a ref. */
export function resolveRef(ref: Ref<unknown>, values: Values): unknown {
  const { source } = ref;
  switch (source.kind) {
    case 'step':
      return values.outputs.get(source.key);
    case 'map': {
      const value = source.transform(resolveRef(source.from, values) as never);
      if (value instanceof Ref) throw new Error('The function of a ref.map(…) returned a ref. Return a value instead.');
      return value;
    }
    case 'request':
      return Object.hasOwn(values.request, source.property) ? Reflect.get(values.request, source.property) : undefined;
    default:
      return assertNever(source);
  }
}

/** Makes the input of a step. */
export function resolveWires(wires: Readonly<Record<string, unknown>>, values: Values): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(wires).map(([name, value]) => [name, value instanceof Ref ? resolveRef(value, values) : value]),
  );
}

/**
 * Finds a ref that is too deep in a step's input to be resolved.
 * @returns its path, such as `list.0`; undefined if there is none
 */
export function findNestedRef(wires: Readonly<Record<string, unknown>>): string | undefined {
  const seen = new Set<unknown>();
  const search = (value: unknown, path: string): string | undefined => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
    if (value instanceof Ref || isRefs(value)) return path;
    seen.add(value);
    for (const [name, inside] of listInside(value)) {
      const found = search(inside, `${path}.${String(name)}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const [name, value] of Object.entries(wires)) {
    const found = value instanceof Ref ? undefined : search(value, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Lists the members of plain data. Instances of classes are not looked into. */
function listInside(value: object): Iterable<readonly [unknown, unknown]> {
  if (Array.isArray(value) || value instanceof Map) return value.entries();
  if (value instanceof Set) return value.entries();
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : [];
}

/** Whether a ref that belongs to `owner` has a value in a flow. */
export function isVisibleFrom(flow: Flow | undefined, owner: object): boolean {
  return flow !== undefined && (flow === owner || isVisibleFrom(flow.parent, owner));
}

/** Finds the keys of the flow's own steps that the refs stand for. */
export function findDependencies(flow: Flow, refs: readonly Ref<unknown>[]): string[] {
  const keys = refs.flatMap((ref) => {
    const origin = findOrigin(ref);
    return origin.kind === 'step' && ref.owner === flow ? [origin.key] : [];
  });
  return [...new Set(keys)];
}

/** Finds all refs that a branch uses, at any depth: a route waits for those outside of it. */
export function findRefs(flow: Flow, result: unknown): Ref<unknown>[] {
  const used = flow.steps.flatMap((step) => [...(step.after ?? []), ...listWiredValues(step)]);
  return [...used, result].filter((value) => value instanceof Ref);
}

/** Lists the values that a step is wired to. */
function listWiredValues(step: FlowStep): unknown[] {
  switch (step.kind) {
    case 'agent':
    case 'code':
    case 'node':
      return Object.values(step.input ?? {});
    case 'workflow':
      return Object.values(step.request ?? {});
    case 'interrupt':
      return Object.values(step.shown ?? {});
    case 'route':
      return [step.on, ...[...step.branches.values()].flatMap((branch) => findRefs(branch.flow, branch.result))];
    default:
      return assertNever(step);
  }
}

/** Whether a step, or one inside it, is marked with `effect`. */
export function hasEffect(step: FlowStep): boolean {
  switch (step.kind) {
    case 'agent':
    case 'code':
    case 'node':
      return step.effect === true;
    case 'route':
      return [...step.branches.values()].some(({ flow }) => flow.steps.some(hasEffect));
    case 'workflow':
      return false;
    case 'interrupt':
      return true;
    default:
      return assertNever(step);
  }
}
