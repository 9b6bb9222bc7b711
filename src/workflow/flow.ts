import type { Type } from '@nestjs/common';
import type { Agent, AnyAgent } from './agents/agent.js';
import type { ChannelMap, OneFieldPerChannel } from './agents/channels.js';
import type { InputOf, NodeLike, OutputOf } from './node-signature.js';
import { Ref, type Refs, type RefsAtTop, type Unwired, type Wired } from './ref.js';
import type { RunRequest } from './run-request.js';
import type { TaskContext } from './task-context.js';
import {
  type AskOptions,
  type CodeOptions,
  findSurplus,
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
      /** Checked by the compiler of workflows: code without types can hand over anything. */
      readonly agent: unknown;
      /** The field that holds it; undefined: none does. */
      readonly field: string | undefined;
      /** Whether its key was given, or is that of a field. */
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
      readonly branches: ReadonlyMap<string, { readonly flow: Flow; readonly result: unknown }>;
    })
  | (NestedOptions & {
      readonly kind: 'workflow';
      readonly key: string;
      readonly workflow: Type<WorkflowLike>;
      readonly request: Wires;
    });

/** What `flow.node` takes after the class: a node that needs no input is not given any. */
type NodeParameters<Input, Output> = [unknown] extends [Input]
  ? [input?: Nothing, options?: NodeOptions<Output>]
  : [Input] extends [void | undefined]
    ? [input?: Nothing, options?: NodeOptions<Output>]
    : [input: Wired<Input>, options?: NodeOptions<Output>];

/** The input of a node that takes none: left out, or `{}` before options. */
type Nothing = Readonly<Record<string, never>> | undefined;

/** Makes a node whose `process` is a generator, but not an async one, a compile error: nobody could await what it writes. */
type NoSyncGenerator<N> = N extends { process(...parameters: never[]): Generator<unknown, unknown, never> }
  ? { readonly processIsNoAsyncGenerator: N }
  : unknown;

/** Makes code in place that is a generator a compile error: it is silent, so nobody would take what it yields. */
type NoGenerator<Output> = 0 extends 1 & Output
  ? unknown
  : Output extends Generator<unknown, unknown, never> | AsyncGenerator<unknown, unknown, never>
    ? { readonly codeIsGenerator: Output }
    : unknown;

/** What a route can be decided by; a value that may be missing is here only so that its error says so. */
type Decision = string | number | boolean | null | undefined;

/**
 * Makes a route by any text or number a compile error, since nobody could list its branches, and one by a value that may be
 * missing: `ref.map((value) => value ?? 'none')` gives that a branch.
 */
type Constants<K> = [Extract<K, null | undefined>] extends [never]
  ? string extends K
    ? { readonly notConstant: K }
    : number extends K
      ? { readonly notConstant: K }
      : unknown
  : { readonly valueMayBeMissing: Extract<K, null | undefined> };

/**
 * Makes a branch for a value that the route cannot have a compile error. The branches themselves cannot say it: an
 * intersection there would take the types of their parameters away.
 */
type NoOtherBranch<Other> = [Other] extends [never] ? unknown : { readonly branchesForNoValue: Other };

/**
 * Collects the steps of one workflow while its `define` runs, once, at start-up. Nothing runs here: the values that flow
 * between steps are {@link Ref}s, and the compiler checks that each fits. Steps that do not wait for one another run in
 * parallel.
 */
export class Flow {
  readonly #steps: FlowStep[] = [];
  #routes = 0;
  /** The branch that is being wired; steps are added to its flow meanwhile. */
  #branch: string | undefined;
  #isClosed = false;

  /**
   * @param fields the names of the workflow's fields that hold agents: a step is called by its agent's field
   * @param parent the flow around this one, if it is a branch: its refs may be used here
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

  /** Ends the wiring: what adds a step from now on would never be run. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Asks an agent in silence: the client sees nothing of it.
   * @param agent a field of the workflow
   * @param input `messages` and the variables of its instructions, each a ref or a constant
   * @returns the ref to its whole answer: the text, or the validated object
   */
  ask<Input, Output>(
    agent: Agent<Input, Output>,
    input: Wired<NoInfer<Input>>,
    options?: AskOptions<NoInfer<Output>>,
  ): Ref<Output> {
    return this.#addAgent(agent, input, readStepOptions('ask', options), false, undefined);
  }

  /**
   * Asks an agent whose answer reaches the client as it is generated.
   * @param agent a field of the workflow
   * @param input `messages` and the variables of its instructions, each a ref or a constant
   * @returns the ref to its whole answer
   */
  stream<Input>(
    agent: Agent<Input, string>,
    input: Wired<NoInfer<Input>>,
    options?: StreamOptions<string>,
  ): Ref<string>;
  /**
   * Asks an agent whose structured answer reaches the client as it is generated: its JSON text, or by fields.
   * @param channels which field streams in which channel: `{ thinking: 'reasoning', reply: 'content' }`. Strings are decoded,
   *   other values are JSON; fields that are not named are not shown. Absent: the JSON text itself is the content
   * @returns the ref to the validated object
   */
  stream<Input, Output extends object, const C extends ChannelMap<Output>>(
    agent: Agent<Input, Output>,
    input: Wired<NoInfer<Input>>,
    channels?: C & OneFieldPerChannel<C>,
    options?: StreamOptions<NoInfer<Output>>,
  ): Ref<Output>;
  stream(agent: AnyAgent, input: Wires, third?: object, fourth?: StreamOptions): Ref<never> {
    const isStructured = (agent as AnyAgent | undefined)?.config?.output !== undefined;
    const { options, problems } = readStepOptions('stream', isStructured ? fourth : third);
    const read = { options, problems: [...problems, ...findSurplus(isStructured ? undefined : fourth)] };
    return this.#addAgent(agent, input, read, true, isStructured ? third : undefined);
  }

  /**
   * Runs code in place, in silence.
   * @param key the step's name in this workflow
   * @param input what the code needs, each property a ref or a constant
   * @param code is given the values, when all of them are there
   * @returns the ref to what it returns
   */
  run<W extends object, Output>(
    key: string,
    input: W & RefsAtTop<W>,
    code: ((input: Unwired<W>, context: TaskContext) => Output | Promise<Output>) & NoGenerator<Output>,
    options?: CodeOptions<NoInfer<Output>>,
  ): Ref<Output> {
    const read = readStepOptions('run', options);
    const kind = { kind: 'code' as const, problems: read.problems };
    return this.#add({ ...read.options, ...kind, key: this.prefix + key, name: key, code, input: input as Wires });
  }

  /**
   * Adds a node: a class with `process`, which Nest makes with what the workflow's module sees. It runs when everything that it
   * is wired to has finished; if its `process` is an async generator, what it yields reaches the client.
   * @param parameters its input, each property a ref or a constant, and options
   * @returns the ref to its output
   */
  node<N extends NodeLike>(
    node: Type<N> & NoSyncGenerator<N>,
    ...parameters: NodeParameters<InputOf<N>, OutputOf<N>>
  ): Ref<OutputOf<N>> {
    const [input, given] = parameters;
    const { options, problems } = readStepOptions('node', given);
    const key = this.prefix + (options.key ?? node.name);
    return this.#add({ ...options, problems, kind: 'node', key, node, input });
  }

  /**
   * Runs exactly one of several branches, by a value that a step gives.
   * @param on the value that decides; its type is a union of constants, or boolean
   * @param branches a function for each value: it wires the steps of its branch and returns the ref to their result
   * @returns the ref to the result of whichever branch runs
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
    const wired = Object.entries<(flow: Flow) => Ref<unknown>>(branches).map(([value, wire]) => {
      return [value, this.#wireBranch(`${key}.${value}`, wire)] as const;
    });
    return this.#add({ ...options, problems, kind: 'route', key, on, branches: new Map(wired) });
  }

  /**
   * Runs another workflow as one step: its visible steps are visible here, its usage counts, its trace is nested.
   * @param request what it is given; `model` and `parameters` are the parent's unless they are here
   * @returns the ref to its result
   */
  workflow<W extends WorkflowLike>(
    workflow: Type<W>,
    request: NestedRequest<W>,
    given?: NestedOptions,
  ): Ref<ResultOf<W>> {
    const { options, problems } = readStepOptions('workflow', given);
    const key = this.prefix + (options.key ?? workflow.name);
    return this.#add({ ...options, problems, kind: 'workflow', key, workflow, request });
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
      // It is no ref, which is a fault. That it fails as well must not end the process before it is told.
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

  /** @throws WiringError if a step that is added now would run at another place than the author means, or never */
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

/** What every request has. */
export const CHAT_REQUEST: readonly string[] = ['model', 'messages', 'parameters'] satisfies (keyof RunRequest)[];

/** All that {@link makeRefs} has made. */
const REFS = new WeakSet();

/**
 * The refs to the request of a flow. Any property can be asked for: its type says which there are.
 * @param onRead is told the name of each property that is asked for
 */
export function makeRefs<Request>(flow: Flow, onRead: (property: string) => void): Refs<Request> {
  const refs = new Proxy(
    {},
    {
      get: (_, property) => {
        if (typeof property !== 'string') return undefined;
        onRead(property);
        return new Ref(flow, { kind: 'request', property });
      },
      // Whoever passes the request on as it is, or spreads it, means all of it.
      ownKeys: () => [...CHAT_REQUEST],
      getOwnPropertyDescriptor: (_, property) =>
        typeof property === 'string' && CHAT_REQUEST.includes(property)
          ? { configurable: true, enumerable: true, value: new Ref(flow, { kind: 'request', property }) }
          : undefined,
    },
  ) as Refs<Request>;
  REFS.add(refs);
  return refs;
}

/** Whether a value is the refs of a whole request, which cannot be wired as one. */
export function isRefs(value: object): boolean {
  return REFS.has(value);
}
