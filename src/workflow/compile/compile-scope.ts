import type { Type } from '@nestjs/common';
import { ConfigurationError } from '../../errors/index.js';
import { assertNever, ensureError, isTimerMs, MAX_TIMER_MS } from '../../kernel/index.js';
import type { RunRequest } from '../run-request.js';
import type { Flow, FlowStep } from '../flow.js';
import { findOrigin, Ref } from '../ref.js';
import type { WorkflowNode } from '../workflow-node.js';
import type {
  CompiledWorkflow,
  NestedStep,
  NodeStep,
  RouteStep,
  CompiledScope,
  Step,
  Values,
} from '../workflow-schema.js';
import type { DefinitionFaults } from './definition-faults.js';

/** What the compiler asks the application for. */
export interface Resolver {
  /** The instance of a node's class; undefined after a fault, which has been reported. */
  node(type: Type<WorkflowNode>, faults: DefinitionFaults, key: string): WorkflowNode<unknown> | undefined;
  /** Another workflow, compiled; undefined after a fault, which has been reported. */
  workflow(type: Type<unknown>, faults: DefinitionFaults, key: string): CompiledWorkflow | undefined;
}

/** Compiles the steps of a flow and of the branches in it. What is wrong goes into `faults`; such steps are left out. */
export class ScopeCompiler {
  readonly #faults: DefinitionFaults;
  readonly #resolver: Resolver;
  readonly #keys = new Set<string>();
  /** Keys of steps whose output somebody uses. */
  readonly #used = new Set<string>();
  readonly #unneeded: { readonly key: string; readonly isNeeded: boolean }[] = [];

  constructor(faults: DefinitionFaults, resolver: Resolver) {
    this.#faults = faults;
    this.#resolver = resolver;
  }

  /** @param result what the flow's function returned */
  compile(flow: Flow, result: unknown, where?: string): CompiledScope {
    const steps = flow.steps.flatMap((step) => this.#step(flow, step) ?? []);
    if (!(result instanceof Ref) || !isVisibleFrom(flow, result.owner)) {
      const place = where === undefined ? 'define()' : 'the branch';
      this.#faults.add(
        'no_result',
        `${place} does not return a ref of this workflow.`,
        'Return the ref of the step whose output is the result.',
        where,
      );
      return { steps, resultStep: undefined, result: () => undefined };
    }
    this.#use([result]);
    const origin = findOrigin(result);
    const resultStep = origin.kind === 'step' ? origin.key : undefined;
    return { steps, resultStep, result: (values) => resolveRef(result, values) };
  }

  /** Reports silent nodes whose output nobody uses: they are a mistake, or waste. Call it once, after all scopes. */
  reportUnused(): void {
    for (const { key, isNeeded } of this.#unneeded) {
      if (isNeeded || this.#used.has(key)) continue;
      this.#faults.add(
        'unused_node',
        'it says nothing to the client, and nobody uses its output.',
        'Wire its output, or remove it, or mark it with { effect: true } if it is run for what it does.',
        key,
      );
    }
  }

  #step(flow: Flow, step: FlowStep): Step | undefined {
    if (this.#keys.has(step.key)) {
      this.#faults.add(
        'duplicate_node_key',
        'it stands in the workflow twice.',
        'Give one of the two a key: { key: … }.',
        step.key,
      );
    }
    this.#keys.add(step.key);
    switch (step.kind) {
      case 'node':
        return this.#node(flow, step);
      case 'route':
        return this.#route(flow, step);
      case 'workflow':
        return this.#nested(flow, step);
      default:
        return assertNever(step);
    }
  }

  #node(flow: Flow, step: Extract<FlowStep, { kind: 'node' }>): NodeStep | undefined {
    const refs = this.#refs(flow, step.key, [...Object.values(step.input ?? {}), ...(step.after ?? [])]);
    const instance = this.#resolver.node(step.node, this.#faults, step.key);
    if (instance === undefined) return undefined;
    try {
      instance.prepare?.();
    } catch (error) {
      // A setting that all nodes lack is reported once, and is no fault of this node.
      if (error instanceof ConfigurationError) throw error;
      this.#faults.add('node_not_ready', ensureError(error).message, 'Correct the node.', step.key);
      return undefined;
    }
    const { debounceMs } = instance;
    if (debounceMs !== undefined && !isTimerMs(debounceMs, 0)) {
      this.#faults.add(
        'invalid_debounce',
        `its debounceMs is ${debounceMs}.`,
        `Give milliseconds from 0 to ${MAX_TIMER_MS}, or leave it out.`,
        step.key,
      );
    }
    const visible = instance.speaks && step.hidden !== true;
    this.#unneeded.push({ key: step.key, isNeeded: visible || step.effect === true });
    return {
      kind: 'node',
      key: step.key,
      node: step.node.name,
      dependsOn: findDependencies(flow, refs),
      visible,
      instance,
      input: (values) => (step.input === undefined ? undefined : resolveWires(step.input, values)),
      onError: step.onError,
    };
  }

  #route(flow: Flow, step: Extract<FlowStep, { kind: 'route' }>): RouteStep {
    const own = this.#refs(flow, step.key, [step.on, ...(step.after ?? [])]);
    if (step.branches.size === 0) {
      this.#faults.add('no_branches', 'it has no branches.', 'Give it one for each value.', step.key);
    }
    const branches = new Map<string, CompiledScope>();
    for (const [value, { flow: branch, result }] of step.branches) {
      branches.set(value, this.compile(branch, result, `${step.key}.${value}`));
    }
    const inner = [...step.branches.values()].flatMap(({ flow: branch, result }) => findRefs(branch, result));
    const visible = [...branches.values()].some(({ steps }) => steps.some((inside) => inside.visible));
    this.#unneeded.push({ key: step.key, isNeeded: visible || hasEffect(step) });
    return {
      kind: 'route',
      key: step.key,
      dependsOn: findDependencies(flow, [...own, ...inner]),
      visible,
      decide: (values) => resolveRef(step.on, values),
      branches,
    };
  }

  #nested(flow: Flow, step: Extract<FlowStep, { kind: 'workflow' }>): NestedStep | undefined {
    const refs = this.#refs(flow, step.key, [...Object.values(step.request), ...(step.after ?? [])]);
    const workflow = this.#resolver.workflow(step.workflow, this.#faults, step.key);
    if (workflow === undefined) return undefined;
    const visible = workflow.visible && step.hidden !== true;
    this.#unneeded.push({ key: step.key, isNeeded: visible });
    return {
      kind: 'workflow',
      key: step.key,
      dependsOn: findDependencies(flow, refs),
      visible,
      workflow,
      hidden: step.hidden === true,
      request: (values) => ({
        model: values.request.model,
        parameters: values.request.parameters,
        ...(resolveWires(step.request, values) as Pick<RunRequest, 'messages'>),
      }),
    };
  }

  /** The refs among the values, all of which must belong to this flow or one around it. */
  #refs(flow: Flow, key: string, values: readonly unknown[]): Ref<unknown>[] {
    const refs = values.filter((value) => value instanceof Ref);
    if (refs.some((ref) => !isVisibleFrom(flow, ref.owner))) {
      const fix = 'Wire it to refs of its own define(), and inside a branch to those of the branch or around it.';
      this.#faults.add('foreign_ref', 'it is wired to a value that does not exist here.', fix, key);
    }
    this.#use(refs);
    return refs;
  }

  #use(refs: readonly Ref<unknown>[]): void {
    for (const ref of refs) {
      const origin = findOrigin(ref);
      if (origin.kind === 'step') this.#used.add(origin.key);
    }
  }
}

/** A value that a ref stands for. */
export function resolveRef(ref: Ref<unknown>, values: Values): unknown {
  const { source } = ref;
  switch (source.kind) {
    case 'step':
      return values.outputs.get(source.key);
    case 'map':
      return source.transform(resolveRef(source.from, values) as never);
    default:
      return Object.hasOwn(values.request, source.property) ? Reflect.get(values.request, source.property) : undefined;
  }
}

function resolveWires(wires: Readonly<Record<string, unknown>>, values: Values): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(wires).map(([name, value]) => [name, value instanceof Ref ? resolveRef(value, values) : value]),
  );
}

function isVisibleFrom(flow: Flow | undefined, owner: object): boolean {
  return flow !== undefined && (flow === owner || isVisibleFrom(flow.parent, owner));
}

/** Keys of those steps of the flow itself that the refs stand for. */
function findDependencies(flow: Flow, refs: readonly Ref<unknown>[]): string[] {
  const keys = refs.flatMap((ref) => {
    const origin = findOrigin(ref);
    return origin.kind === 'step' && ref.owner === flow ? [origin.key] : [];
  });
  return [...new Set(keys)];
}

/** All refs that a branch uses, at any depth: a route waits for those that lie around it. */
function findRefs(flow: Flow, result: unknown): Ref<unknown>[] {
  const used = flow.steps.flatMap((step) => [...(step.after ?? []), ...valuesUsedBy(step)]);
  return [...used, result].filter((value) => value instanceof Ref);
}

/** All that a step is wired to. */
function valuesUsedBy(step: FlowStep): unknown[] {
  switch (step.kind) {
    case 'node':
      return Object.values(step.input ?? {});
    case 'workflow':
      return Object.values(step.request);
    case 'route':
      return [step.on, ...[...step.branches.values()].flatMap((branch) => findRefs(branch.flow, branch.result))];
    default:
      return assertNever(step);
  }
}

/** True if a step is run for what it does, or one inside it is. */
function hasEffect(step: FlowStep): boolean {
  switch (step.kind) {
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
