import type { Type } from '@nestjs/common';
import { ConfigurationError } from '../../errors/index.js';
import { assertNever, ensureError, isTimerMs, MAX_TIMER_MS } from '../../kernel/index.js';
import { makeOutputSchema, type OutputSchema, type OutputType } from '../../schema/index.js';
import type { AgentUse } from '../agents/agent-compiler.js';
import { Agent, type AgentData } from '../agents/agent.js';
import { readConversation } from '../agents/read-conversation.js';
import type { RunRequest } from '../run-request.js';
import type { Flow, FlowStep } from '../flow.js';
import type { NodeLike } from '../node-signature.js';
import { readTimeout } from '../read-timeout.js';
import { describeGiven } from '../read-options.js';
import { findOrigin, Ref } from '../ref.js';
import { isStreaming, isSyncGenerator, type WorkflowNode } from '../workflow-node.js';
import type {
  CompiledScope,
  CompiledWorkflow,
  InterruptStep,
  NestedStep,
  NodeStep,
  RouteStep,
  NodeKind,
  Step,
} from '../workflow-schema.js';
import type { WorkflowLike } from '../workflow-types.js';
import { WiringError } from '../wiring-error.js';
import type { DefinitionFaults } from './definition-faults.js';
import {
  findDependencies,
  findNestedRef,
  findRefs,
  hasEffect,
  isVisibleFrom,
  resolveRef,
  resolveWires,
} from './wires.js';

/** Finds the parts of a workflow in the application. */
export interface Resolver {
  /** The instance of a node's class; undefined after a fault that it has reported. */
  findNode(type: Type<NodeLike>, faults: DefinitionFaults, key: string): WorkflowNode | undefined;
  /**
   * The node that runs an agent.
   * @throws Error that says what is wrong with it, and how to correct it
   */
  makeAgentNode(agent: AgentData, use: Omit<AgentUse, 'findTool'>): WorkflowNode;
  /** Another workflow, compiled; undefined after a fault that it has reported. */
  findWorkflow(type: Type<WorkflowLike>, faults: DefinitionFaults, key: string): CompiledWorkflow | undefined;
}

/** What a client may call a function. */
const WAIT_NAME = /^[\w-]{1,64}$/;

type StepOf<K extends FlowStep['kind']> = Extract<FlowStep, { kind: K }>;

/** The parts that differ between the kinds of steps that run something. */
interface Runnable {
  /** Name of the agent's field, the class or the code in the graph. */
  readonly node: string;
  readonly nodeKind: NodeKind;
  readonly instance: WorkflowNode;
  readonly streams: boolean;
  readonly visible: boolean;
}

/** Compiles the steps of a flow and of its branches. Faults go into `faults`, and faulty steps are left out. */
export class ScopeCompiler {
  readonly #faults: DefinitionFaults;
  readonly #resolver: Resolver;
  readonly #keys = new Set<string>();
  /** Keys of the steps whose output is used. */
  readonly #used = new Set<string>();
  readonly #unneeded: { readonly key: string; readonly isNeeded: boolean }[] = [];

  constructor(faults: DefinitionFaults, resolver: Resolver) {
    this.#faults = faults;
    this.#resolver = resolver;
  }

  /**
   * @param result the value that the flow's function returned
   * @param where key of the route and the branch; absent for the whole workflow
   */
  compile(flow: Flow, result: unknown, where?: string): CompiledScope {
    const steps = flow.steps.flatMap((step) => this.#compileStep(flow, step) ?? []);
    if (!(result instanceof Ref) || !isVisibleFrom(flow, result.owner)) {
      const place = where === undefined ? 'define()' : 'the branch';
      this.#faults.add(
        'no_result',
        `${place} does not return a ref of this workflow.`,
        'Return the ref of the step whose output is the result.',
        where,
      );
      return { steps, resultStep: undefined, isOutput: false, result: () => undefined };
    }
    this.#use([result]);
    const origin = findOrigin(result);
    const resultStep = origin.kind === 'step' ? origin.key : undefined;
    return { steps, resultStep, isOutput: origin === result.source, result: (values) => resolveRef(result, values) };
  }

  /** Reports silent steps with unused output, as they are a mistake or a waste. Call it once, after all scopes. */
  reportUnused(): void {
    for (const { key, isNeeded } of this.#unneeded) {
      if (isNeeded || this.#used.has(key)) continue;
      this.#faults.add(
        'unused_node',
        'it is silent, and its output is not used.',
        'Wire its output, or remove it, or mark it with { effect: true } if it runs for its effect.',
        key,
      );
    }
  }

  #compileStep(flow: Flow, step: FlowStep): Step | undefined {
    if (this.#keys.has(step.key)) {
      this.#faults.add(
        'duplicate_node_key',
        'it is in the workflow twice.',
        step.kind === 'code'
          ? 'Give one of the two another key: flow.run(key, …).'
          : 'Give one of the two a key: { key: … }.',
        step.key,
      );
    }
    this.#keys.add(step.key);
    for (const { code, problem, fix } of step.problems) this.#faults.add(code, problem, fix, step.key);
    switch (step.kind) {
      case 'agent':
        return this.#compileNode(flow, step, () => this.#prepareAgent(step));
      case 'code':
        return this.#compileNode(flow, step, () => this.#prepareCode(step));
      case 'node':
        return this.#compileNode(flow, step, () => this.#prepareNode(step));
      case 'route':
        return this.#compileRoute(flow, step);
      case 'workflow':
        return this.#compileNested(flow, step);
      case 'interrupt':
        return this.#compileInterrupt(flow, step);
      default:
        return assertNever(step);
    }
  }

  /** @param prepare returns undefined after a fault that it has reported; an error that it throws is reported here */
  #compileNode(
    flow: Flow,
    step: StepOf<'agent' | 'code' | 'node'>,
    prepare: () => Runnable | undefined,
  ): NodeStep | undefined {
    const { key, input } = step;
    const refs = this.#takeRefs(flow, key, [...this.#listWires(key, input), ...(step.after ?? [])]);
    let runnable: Runnable | undefined;
    try {
      runnable = prepare();
    } catch (error) {
      // A missing setting concerns all nodes: it is reported once, and not as a fault of this node.
      if (error instanceof ConfigurationError) throw error;
      if (error instanceof WiringError) {
        this.#faults.add(error.code, error.problem, error.fix, key);
        return undefined;
      }
      const what = step.kind === 'agent' ? 'agent' : 'node';
      this.#faults.add('node_not_ready', ensureError(error).message, `Correct the ${what}.`, key);
    }
    if (runnable === undefined) return undefined;
    this.#unneeded.push({ key, isNeeded: runnable.visible || step.effect === true });
    // Written out, because the engine reads it for each step of each run, and reading a spread object is slower.
    const { node, nodeKind, instance, streams, visible } = runnable;
    return {
      kind: 'node',
      key,
      node,
      nodeKind,
      instance,
      streams,
      visible,
      dependsOn: findDependencies(flow, refs),
      input: (values) => (input === undefined ? undefined : resolveWires(input, values)),
      onError: step.onError,
      runsOnce: step.onInterruption === 'fail',
    };
  }

  #prepareAgent({ key, agent, field, input, visible, channels }: StepOf<'agent'>): Runnable | undefined {
    this.#assertConversation(key, input);
    if (!(agent instanceof Agent)) {
      const fix = 'Make it with agent({ … }) in a field of the workflow.';
      this.#faults.add('not_an_agent', 'what it asks is not an agent.', fix, key);
      return undefined;
    }
    const variables = Object.keys(input ?? {}).filter((name) => name !== 'messages');
    const instance = this.#resolver.makeAgentNode(agent.config, { visible, channels, variables });
    const nodeKind = visible ? 'agent-streaming' : 'agent';
    return { node: field ?? key, nodeKind, instance, streams: visible, visible };
  }

  #prepareCode({ key, name, code }: StepOf<'code'>): Runnable | undefined {
    if (typeof code !== 'function') {
      const fix = 'Give it a function as third: flow.run(key, { … }, (values) => …).';
      this.#faults.add('no_code', `its code is ${describeGiven(code)}, not a function.`, fix, key);
      return undefined;
    }
    const instance: WorkflowNode = { process: code };
    if (isStreaming(instance) || isSyncGenerator(instance)) {
      const fix = 'Make it a class with `async *process`, for flow.node(…).';
      this.#faults.add('streaming_code', 'its code is a generator, but code in place is silent.', fix, key);
      return undefined;
    }
    return { node: name, nodeKind: 'node', instance, streams: false, visible: false };
  }

  #prepareNode({ key, node, silent }: StepOf<'node'>): Runnable | undefined {
    const instance = this.#resolver.findNode(node, this.#faults, key);
    if (instance === undefined) return undefined;
    if (typeof (instance as Partial<WorkflowNode>).process !== 'function') {
      const fix = 'Give it process(input, context).';
      this.#faults.add(
        'not_a_node',
        `${node.name === '' ? 'its class' : `the class ${node.name}`} has no process().`,
        fix,
        key,
      );
      return undefined;
    }
    instance.prepare?.();
    const { debounceMs, forwards, returns } = instance;
    // Compiled now, so that its faults are found at start-up.
    if (returns !== undefined) makeOutputSchema(returns);
    if (isSyncGenerator(instance)) {
      const fix = 'Write `async *process`, so that what it yields can reach the client while it works.';
      this.#faults.add('sync_generator', 'its process is a generator that is not async.', fix, key);
    }
    if (debounceMs !== undefined && !isTimerMs(debounceMs, 0)) {
      this.#faults.add(
        'invalid_debounce',
        `its debounceMs is ${debounceMs}.`,
        `Give milliseconds from 0 to ${MAX_TIMER_MS}, or leave it out.`,
        key,
      );
    }
    const streams = isStreaming(instance);
    const nodeKind = streams ? 'agent-streaming' : forwards === undefined ? 'node' : 'agent';
    return { node: node.name, nodeKind, instance, streams, visible: streams && silent !== true };
  }

  #compileRoute(flow: Flow, step: StepOf<'route'>): RouteStep {
    const own = this.#takeRefs(flow, step.key, [step.on, ...(step.after ?? [])]);
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

  #compileNested(flow: Flow, step: StepOf<'workflow'>): NestedStep | undefined {
    const refs = this.#takeRefs(flow, step.key, [...this.#listWires(step.key, step.request), ...(step.after ?? [])]);
    this.#assertConversation(step.key, step.request);
    const workflow = this.#resolver.findWorkflow(step.workflow, this.#faults, step.key);
    if (workflow === undefined) return undefined;
    const missing = workflow.needs.filter((name) => !Object.hasOwn(step.request ?? {}, name));
    if (missing.length > 0) {
      const message = `it is not given ${missing.map((name) => `"${name}"`).join(', ')}, which its workflow reads.`;
      this.#faults.add('missing_input', message, 'Give it a ref or a constant for each.', step.key);
    }
    const visible = workflow.visible && step.silent !== true;
    this.#unneeded.push({ key: step.key, isNeeded: visible });
    return {
      kind: 'workflow',
      key: step.key,
      dependsOn: findDependencies(flow, refs),
      visible,
      workflow,
      silent: step.silent === true,
      request: (values) => ({
        model: values.request.model,
        parameters: values.request.parameters,
        ...(values.request.mcp !== undefined && { mcp: values.request.mcp }),
        ...giveMessages(resolveWires(step.request, values), step.key),
      }),
    };
  }

  #compileInterrupt(flow: Flow, step: StepOf<'interrupt'>): InterruptStep | undefined {
    const { key, name, shown, onTimeout } = step;
    const refs = this.#takeRefs(flow, key, [...this.#listWires(key, shown), ...(step.after ?? [])]);
    if (!WAIT_NAME.test(name)) {
      const fix = 'Give it letters, digits, _ and -, at most 64.';
      this.#faults.add('invalid_wait_name', 'clients could not call it by its name.', fix, key);
    }
    const answer = this.#readAnswer(key, step.answer);
    if (answer === undefined) return undefined;
    return {
      kind: 'interrupt',
      key,
      name,
      visible: false,
      dependsOn: findDependencies(flow, refs),
      buildShown: (values) => resolveWires(shown, values),
      answer,
      timeoutMs: readTimeout(step.timeout),
      onTimeout,
    };
  }

  #readAnswer(key: string, answer: unknown): OutputSchema<unknown> | undefined {
    try {
      return makeOutputSchema(answer as OutputType);
    } catch (error) {
      const fix = 'Give it a class with validation decorators, or a Standard Schema that gives a JSON Schema.';
      this.#faults.add('invalid_answer', `its answer cannot be checked: ${ensureError(error).message}`, fix, key);
      return undefined;
    }
  }

  /**
   * Lists the values that a step is wired to. The type says that the input is an object, but callers without types can pass
   * anything.
   */
  #listWires(key: string, input: unknown): readonly unknown[] {
    if (input === undefined) return [];
    if (typeof input !== 'object' || input === null || Array.isArray(input) || input instanceof Ref) {
      const fix = 'Give it an object: { name: ref, … }.';
      this.#faults.add(
        'invalid_input',
        'its input is not an object with a ref or a constant in each property.',
        fix,
        key,
      );
      return [];
    }
    const nested = findNestedRef(input as Readonly<Record<string, unknown>>);
    if (nested !== undefined) {
      const message = `"${nested}" in its input is a ref, but refs stand only at the top of an input.`;
      const fix = 'Give each ref a property of its own, or join them with flow.run(key, { … }, (values) => …).';
      this.#faults.add('nested_ref', message, fix, key);
    }
    return Object.values(input);
  }

  /** Reports a step without messages: callers without types can leave them out, and every run would fail. */
  #assertConversation(key: string, input: { readonly messages?: unknown } | undefined): void {
    const messages = input?.messages;
    if (messages instanceof Ref || typeof messages === 'string' || Array.isArray(messages)) return;
    const fix = 'Give it messages: a ref to a conversation or a text, or a text.';
    this.#faults.add('no_messages', 'it is given no messages, so there is nothing to answer.', fix, key);
  }

  /** Finds the refs among the values and reports those that do not belong to this flow or an enclosing one. */
  #takeRefs(flow: Flow, key: string, values: readonly unknown[]): Ref<unknown>[] {
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

/** Reads the messages of a nested request like those of an agent. */
function giveMessages(request: Readonly<Record<string, unknown>>, step: string): Pick<RunRequest, 'messages'> {
  return { ...request, messages: readConversation(request['messages'], step) };
}
