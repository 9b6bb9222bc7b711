import type { Type } from '@nestjs/common';
import type { Agent, AnyAgent } from './agents/agent.js';
import type { ChannelMap, OneFieldPerChannel } from './agents/channels.js';
import type { InputOf, NodeLike, OutputOf } from './node-signature.js';
import { assertNever } from '../kernel/index.js';
import type { ObjectType } from '../schema/index.js';
import { describeGiven } from './read-options.js';
import { Ref, type RefsAtTop, type Unwired, type Wired } from './ref.js';
import type { TaskContext } from './task-context.js';
import {
  type AskOptions,
  type CodeOptions,
  findSurplus,
  type InterruptOptions,
  type NestedOptions,
  type NodeOptions,
  type OptionProblem,
  readStepOptions,
  type StepOptions,
  type StreamOptions,
} from './step-options.js';
import { WiringError } from './wiring-error.js';
import type { NestedRequest, ResultOf, WorkflowLike } from './workflow-types.js';

type Wires = Readonly<Record<string, unknown>>;

/** A step as it was added to a flow, before compilation. */
export type FlowStep = KindOfStep & {
  /** What is wrong with its options. */
  readonly problems: readonly OptionProblem[];
};

type KindOfStep =
  | (AskOptions & {
      readonly kind: 'agent';
      readonly key: string;
      /** Checked by the compiler of workflows, because callers without types can pass anything. */
      readonly agent: unknown;
      /** Name of the field that holds it; undefined if none does. */
      readonly field: string | undefined;
      /** Whether its key was given or comes from a field. */
      readonly isNamed: boolean;
      readonly input: Wires;
      readonly visible: boolean;
      readonly channels: ChannelMap<never> | undefined;
    })
  | (CodeOptions & {
      readonly kind: 'code';
      readonly key: string;
      readonly name: string;
      readonly code: (input: never, context: TaskContext) => unknown;
      readonly input: Wires;
    })
  | (NodeOptions & {
      readonly kind: 'node';
      readonly key: string;
      readonly node: Type<NodeLike>;
      readonly input: Wires | undefined;
    })
  | (StepOptions & {
      readonly kind: 'route';
      readonly key: string;
      readonly on: Ref<unknown>;
      readonly branches: ReadonlyMap<string, WiredBranch>;
    })
  | (NestedOptions & {
      readonly kind: 'workflow';
      readonly key: string;
      readonly workflow: Type<WorkflowLike>;
      readonly request: Wires;
    })
  | (InterruptOptions & {
      readonly kind: 'interrupt';
      readonly key: string;
      readonly name: string;
      readonly shown: Wires;
      /** Checked by the compiler of workflows, because callers without types can pass anything. */
      readonly answer: unknown;
    });

/** A branch of a route as it was wired. */
interface WiredBranch {
  readonly flow: Flow;
  /** What the function of the branch returned. */
  readonly result: unknown;
}

/** Lists the branches of a step by the values that select them. */
export function listWiredBranches(step: FlowStep): readonly (readonly [value: string, branch: WiredBranch])[] {
  switch (step.kind) {
    case 'route':
      return [...step.branches];
    case 'agent':
    case 'code':
    case 'node':
    case 'workflow':
    case 'interrupt':
      return [];
    default:
      return assertNever(step);
  }
}

/** The parameters of `flow.node` after the class: a node that needs no input gets none. */
type NodeParameters<Input, Output> = [unknown] extends [Input]
  ? [input?: Nothing, options?: NodeOptions<Output>]
  : [Input] extends [void | undefined]
    ? [input?: Nothing, options?: NodeOptions<Output>]
    : [input: Wired<Input>, options?: NodeOptions<Output>];

/** The parameters of `flow.stream` after the input: an agent that gives a text has no channels. */
type StreamParameters<Output, C> = [Output] extends [string]
  ? [options?: StreamOptions<string>]
  : [channels?: C & OneFieldPerChannel<C>, options?: StreamOptions<Output>];

/** The input of a node that takes none: left out, or `{}` before options. */
type Nothing = Readonly<Record<string, never>> | undefined;

/** Makes it a compile error if `process` is a synchronous generator: it could not be awaited. */
type NoSyncGenerator<N> = N extends { process(...parameters: never[]): Generator<unknown, unknown, never> }
  ? { readonly processIsNoAsyncGenerator: N }
  : unknown;

/** Makes it a compile error if code in place is a generator: it is silent, so what it yields would be lost. */
type NoGenerator<Output> = 0 extends 1 & Output
  ? unknown
  : Output extends Generator<unknown, unknown, never> | AsyncGenerator<unknown, unknown, never>
    ? { readonly codeIsGenerator: Output }
    : unknown;

/** The values that a route can be decided by. Missing values are included only to give them a clear compile error. */
type Decision = string | number | boolean | null | undefined;

/**
 * Makes it a compile error to route by an arbitrary text or number, whose branches cannot be listed, or by a value that
 * may be missing: `ref.map((value) => value ?? 'none')` gives that a branch.
 */
type Constants<K> = [Extract<K, null | undefined>] extends [never]
  ? string extends K
    ? { readonly notConstant: K }
    : number extends K
      ? { readonly notConstant: K }
      : unknown
  : { readonly valueMayBeMissing: Extract<K, null | undefined> };

/**
 * Makes it a compile error to add a branch for a value that the route cannot have. It is not checked on the branches
 * themselves, because an intersection there would lose the types of their parameters.
 */
type NoOtherBranch<Other> = [Other] extends [never] ? unknown : { readonly branchesForNoValue: Other };

/**
 * Collects the steps of a workflow while its `define` runs, once at start-up. No step runs here: {@link Ref}s stand for the
 * values that flow between steps, and the compiler checks their types. Steps that do not wait for one another run in
 * parallel.
 */
export class Flow {
  readonly #steps: FlowStep[] = [];
  #routes = 0;
  /** Key of the branch that is being wired; steps must go to its own flow meanwhile. */
  #branch: string | undefined;
  #isClosed = false;

  /**
   * @param fields the names of the workflow's fields, by what they hold: a step gets the name of its agent's field
   * @param parent the enclosing flow of a branch, whose refs may be used here
   * @param prefix stands before the keys of this flow's steps
   */
  constructor(
    readonly fields: ReadonlyMap<unknown, string> = new Map(),
    readonly parent?: Flow,
    readonly prefix = '',
  ) {}

  /** The steps in the order in which they were added. */
  get steps(): readonly FlowStep[] {
    return this.#steps;
  }

  /** Ends the wiring: from now on, adding a step is an error, because it would never run. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Asks an agent silently: the client sees nothing of it.
   * @param agent a field of the workflow
   * @param input `messages` and the variables of its instructions, each a ref or a constant
   * @returns the ref to its whole output: the text, or the validated object
   */
  ask<Input, Output>(
    agent: Agent<Input, Output>,
    input: Wired<NoInfer<Input>>,
    options?: AskOptions<NoInfer<Output>>,
  ): Ref<Output> {
    return this.#addAgent(agent, input, readStepOptions('ask', options), false, undefined);
  }

  /**
   * Asks an agent whose output reaches the client as it is generated: a text as it is, an object as JSON text or field by field.
   * @param agent a field of the workflow
   * @param input `messages` and the variables of its instructions, each a ref or a constant
   * @param parameters for a text, the options. For an object, first its channels, which say what field streams where:
   *   `{ thinking: 'reasoning', reply: 'content' }`. Strings are decoded, other values are JSON; other fields do not reach the
   *   client. Without channels the content is the JSON text
   * @returns the ref to its whole output: the text, or the validated object
   */
  stream<Input, Output, const C extends ChannelMap<Output>>(
    agent: Agent<Input, Output>,
    input: Wired<NoInfer<Input>>,
    ...parameters: StreamParameters<Output, C>
  ): Ref<Output>;
  stream(agent: AnyAgent, input: Wires, third?: object, fourth?: StreamOptions): Ref<never> {
    const isStructured = (agent as AnyAgent | undefined)?.config?.output !== undefined;
    const { options, problems } = readStepOptions('stream', isStructured ? fourth : third);
    const read = { options, problems: [...problems, ...findSurplus(isStructured ? undefined : fourth)] };
    return this.#addAgent(agent, input, read, true, isStructured ? third : undefined);
  }

  /**
   * Runs code in place, silently.
   * @param key the step's name in this workflow
   * @param input the input of the code, each property a ref or a constant
   * @param code called with the values once all of them exist
   * @returns the ref to the returned value
   */
  run<W extends object, Output>(
    key: string,
    input: W & RefsAtTop<W>,
    code: ((input: Unwired<W>, context: TaskContext) => Output | Promise<Output>) & NoGenerator<Output>,
    options?: CodeOptions<NoInfer<Output>>,
  ): Ref<Output> {
    const read = readStepOptions('run', options);
    const name = readName('run', key);
    const kind = { kind: 'code' as const, problems: read.problems };
    return this.#add({ ...read.options, ...kind, key: this.prefix + name, name, code, input: input as Wires });
  }

  /**
   * Adds a node: a class with `process`, which Nest instantiates with the providers that the workflow's module sees. It runs
   * once every step that it is wired to has finished. If `process` is an async generator, what it yields reaches the client.
   * @param parameters its input, each property a ref or a constant, and options
   * @returns the ref to its output
   */
  node<N extends NodeLike>(
    node: Type<N> & NoSyncGenerator<N>,
    ...parameters: NodeParameters<InputOf<N>, OutputOf<N>>
  ): Ref<OutputOf<N>> {
    const [input, given] = parameters;
    const { options, problems } = readStepOptions('node', given);
    assertClass('node', node, options.key);
    const key = this.prefix + (options.key ?? node.name);
    return this.#add({ ...options, problems, kind: 'node', key, node, input });
  }

  /**
   * Runs exactly one of several branches, chosen by a value.
   * @param on the ref to that value; its type is a union of constants, or boolean
   * @param branches a function for each value: it wires the steps of its branch and returns the ref to their result
   * @returns the ref to the result of the branch that runs
   */
  route<const K extends Decision, R extends { readonly [P in `${K}`]: unknown }>(
    on: Ref<K> & Constants<K> & NoOtherBranch<Exclude<keyof R, `${K}`>>,
    branches: { readonly [P in keyof R]: (flow: Flow) => Ref<R[P]> },
    given?: StepOptions,
  ): Ref<R[`${K}`]> {
    const { options, problems } = readStepOptions('route', given);
    this.#routes++;
    const key = this.prefix + (options.key ?? (this.#routes === 1 ? 'route' : `route-${this.#routes}`));
    this.#assertOpen(key);
    assertRoute(key, on, branches);
    const wired = Object.entries<(flow: Flow) => Ref<unknown>>(branches).map(([value, wire]) => {
      return [value, this.#wireBranch(`${key}.${value}`, wire)] as const;
    });
    return this.#add({ ...options, problems, kind: 'route', key, on, branches: new Map(wired) });
  }

  /**
   * Runs another workflow as one step: its visible steps are visible here, its usage is counted, and its trace is nested.
   * @param request its input; `model` and `parameters` default to those of this workflow
   * @returns the ref to its result
   */
  workflow<W extends WorkflowLike>(
    workflow: Type<W>,
    request: NestedRequest<W>,
    given?: NestedOptions,
  ): Ref<ResultOf<W>> {
    const { options, problems } = readStepOptions('workflow', given);
    assertClass('workflow', workflow, options.key);
    const key = this.prefix + (options.key ?? workflow.name);
    return this.#add({ ...options, problems, kind: 'workflow', key, workflow, request });
  }

  /**
   * Waits for the answer of a person or a program. While the run waits, only the store holds it.
   * @param key the name of the wait, as clients see it: letters, digits, `_` and `-`, at most 64
   * @param shown what the person who answers sees, each property a ref or a constant
   * @param answer the class or schema of the answer, whose rules are checked before the run continues
   * @returns the ref to the answer
   */
  interrupt<W extends object, Answer>(
    key: string,
    shown: W & RefsAtTop<W>,
    answer: ObjectType<Answer>,
    given?: InterruptOptions<NoInfer<Answer>>,
  ): Ref<Answer> {
    const { options, problems } = readStepOptions('interrupt', given);
    const name = readName('interrupt', key);
    const kind = { kind: 'interrupt' as const, problems, name, answer, shown: shown as Wires };
    return this.#add({ ...options, ...kind, key: this.prefix + name });
  }

  #addAgent(
    agent: AnyAgent,
    input: Wires,
    { options, problems }: { readonly options: AskOptions; readonly problems: readonly OptionProblem[] },
    visible: boolean,
    channels: ChannelMap<never> | undefined,
  ): Ref<never> {
    const field = this.fields.get(agent);
    const name = options.key ?? field;
    const key = this.prefix + (name ?? 'agent');
    const isNamed = name !== undefined;
    return this.#add({ ...options, problems, kind: 'agent', key, agent, field, isNamed, input, visible, channels });
  }

  #wireBranch(name: string, wire: (flow: Flow) => unknown): { readonly flow: Flow; readonly result: unknown } {
    const flow = new Flow(this.fields, this, `${name}.`);
    this.#branch = name;
    try {
      const result = wire(flow);
      // A promise is not a ref, which is reported as a fault. Its rejection must not end the process before that.
      if (result instanceof Promise) result.catch(() => undefined);
      return { flow, result };
    } finally {
      flow.close();
      this.#branch = undefined;
    }
  }

  #add(step: FlowStep): Ref<never> {
    this.#assertOpen(step.key);
    this.#steps.push(step);
    return new Ref<never>(this, { kind: 'step', key: step.key });
  }

  /** @throws WiringError if a step that is added now would run in a place that the author does not mean, or never */
  #assertOpen(node: string): void {
    if (this.#branch !== undefined) {
      const problem =
        `it is added to the flow around the branch "${this.#branch}" while that branch is wired, so it would run whichever ` +
        'branch is taken.';
      const fix = 'Use the flow that the branch is given, (branch) => branch.stream(…), or add it before the route.';
      throw new WiringError({ code: 'outer_flow', problem, fix, node });
    }
    if (this.#isClosed) {
      const place = this.parent === undefined ? 'define()' : 'the function of its branch';
      const problem = `it is added after ${place} has returned, so it would never run.`;
      const fix = 'Add all steps while that runs: code of a step cannot add any, and a flow is of no use outside.';
      throw new WiringError({ code: 'late_step', problem, fix, node });
    }
  }
}

/** @throws WiringError if the name of a step is no text */
function readName(verb: 'run' | 'interrupt', name: unknown): string {
  if (typeof name === 'string') return name;
  const problem = `the name of a step of flow.${verb} is ${describeGiven(name)}, not a text.`;
  throw new WiringError({ code: 'invalid_key', problem, fix: `Give it a name first: flow.${verb}('name', { … }, …).` });
}

/** @throws WiringError if a step is not made of a class, as where two files import each other */
function assertClass(verb: 'node' | 'workflow', type: unknown, node: string | undefined): void {
  if (typeof type === 'function') return;
  const problem = `what flow.${verb} is given is ${describeGiven(type)}, not a class.`;
  const circle = ' It is undefined where two files import each other: let one of them do without.';
  const fix = `Give it the class of the ${verb}.${type === undefined ? circle : ''}`;
  throw new WiringError({
    code: verb === 'node' ? 'not_a_node' : 'not_a_workflow',
    problem,
    fix,
    ...(node && { node }),
  });
}

/** @throws WiringError if a route is decided by no ref, or its branches are no functions */
function assertRoute(node: string, on: unknown, branches: unknown): void {
  const fix = 'Write flow.route(ref, { value: (branch) => branch.stream(…) }).';
  const fail = (problem: string): never => {
    throw new WiringError({ code: 'invalid_route', problem, fix, node });
  };
  if (!(on instanceof Ref)) fail(`what decides it is ${describeGiven(on)}, not a ref.`);
  if (typeof branches !== 'object' || branches === null) fail(`its branches are ${describeGiven(branches)}.`);
  for (const [value, wire] of Object.entries(branches as object)) {
    if (typeof wire !== 'function') fail(`its branch "${value}" is ${describeGiven(wire)}, not a function.`);
  }
}
