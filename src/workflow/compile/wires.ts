import { assertNever } from '../../kernel/index.js';
import { type Flow, type FlowStep, isRefs } from '../flow.js';
import { findOrigin, Ref } from '../ref.js';
import type { Values } from '../workflow-schema.js';

/** A value that a ref stands for. */
export function resolveRef(ref: Ref<unknown>, values: Values): unknown {
  const { source } = ref;
  switch (source.kind) {
    case 'step':
      return values.outputs.get(source.key);
    case 'map': {
      const value = source.transform(resolveRef(source.from, values) as never);
      if (value instanceof Ref) throw new Error('The function of a ref.map(…) gives a ref; it must give a value');
      return value;
    }
    default:
      return Object.hasOwn(values.request, source.property) ? Reflect.get(values.request, source.property) : undefined;
  }
}

/** What a step is given. */
export function resolveWires(wires: Readonly<Record<string, unknown>>, values: Values): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(wires).map(([name, value]) => [name, value instanceof Ref ? resolveRef(value, values) : value]),
  );
}

/** Where a ref lies so deep in what a step is wired to that nobody would resolve it, such as `list.0`; undefined: nowhere. */
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

/** What lies in plain data. Objects of classes are the author's own: what they hold is not looked at. */
function listInside(value: object): Iterable<readonly [unknown, unknown]> {
  if (Array.isArray(value) || value instanceof Map) return value.entries();
  if (value instanceof Set) return value.entries();
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : [];
}

/** Whether a ref of `owner` has a value in a flow. */
export function isVisibleFrom(flow: Flow | undefined, owner: object): boolean {
  return flow !== undefined && (flow === owner || isVisibleFrom(flow.parent, owner));
}

/** Keys of those steps of the flow itself that the refs stand for. */
export function findDependencies(flow: Flow, refs: readonly Ref<unknown>[]): string[] {
  const keys = refs.flatMap((ref) => {
    const origin = findOrigin(ref);
    return origin.kind === 'step' && ref.owner === flow ? [origin.key] : [];
  });
  return [...new Set(keys)];
}

/** All refs that a branch uses, at any depth: a route waits for those that lie around it. */
export function findRefs(flow: Flow, result: unknown): Ref<unknown>[] {
  const used = flow.steps.flatMap((step) => [...(step.after ?? []), ...listWiredValues(step)]);
  return [...used, result].filter((value) => value instanceof Ref);
}

/** All that a step is wired to. */
function listWiredValues(step: FlowStep): unknown[] {
  switch (step.kind) {
    case 'agent':
    case 'code':
    case 'node':
      return Object.values(step.input ?? {});
    case 'workflow':
      return Object.values(step.request ?? {});
    case 'route':
      return [step.on, ...[...step.branches.values()].flatMap((branch) => findRefs(branch.flow, branch.result))];
    default:
      return assertNever(step);
  }
}

/** True if a step is run for what it does, or one inside it is. */
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
    default:
      return assertNever(step);
  }
}
