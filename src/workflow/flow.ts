import type { Type } from '@nestjs/common';
import type { MillraceError } from '../errors/index.js';
import type { RunRequest } from './run-request.js';
import type { DefinitionTypes, RequestOf, ResultOf } from './definition-types.js';
import type { InputOf, OutputOf } from './node-signature.js';
import { Ref, type Wired, type Wiring } from './ref.js';
import type { WorkflowNode } from './workflow-node.js';

/** How a step stands in a workflow. */
export interface StepOptions {
  /** Steps that must have finished before this one, though it takes nothing from them. */
  readonly after?: readonly Ref<unknown>[];
  /** Its name in this workflow: needed where one class stands in it more than once. Default: the class's name. */
  readonly key?: string;
}

/** How a node stands in a workflow. */
export interface NodeOptions<Output = unknown> extends StepOptions {
  /** Keeps a streaming node's text from the client: it then only feeds other nodes. */
  readonly hidden?: boolean;
  /** It is run for what it does: nobody needs its output. Without this, a silent node that nobody uses is a fault. */
  readonly effect?: boolean;
  /**
   * Gives an output in the place of a failure, and the run goes on. Not called when the run itself was aborted. Text that
   * the client has been sent by then stays.
   */
  readonly onError?: (error: MillraceError) => Output;
}

/** How a nested workflow stands in a workflow. */
export interface NestedOptions extends StepOptions {
  /** Keeps all its text from the client. */
  readonly hidden?: boolean;
}

/** A step as it was added to a flow, before compilation. */
export type FlowStep =
  | (NodeOptions & {
      readonly kind: 'node';
      readonly key: string;
      readonly node: Type<WorkflowNode>;
      readonly input: Readonly<Record<string, unknown>> | undefined;
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
      readonly workflow: Type<unknown>;
      readonly request: Readonly<Record<string, unknown>>;
    });

/** What `flow.node` takes after the class: a node that needs no input is not given any. */
type NodeParameters<Input, Output> = [unknown] extends [Input]
  ? [input?: undefined, options?: NodeOptions<Output>]
  : [Input] extends [void | undefined]
    ? [input?: undefined, options?: NodeOptions<Output>]
    : [input: Wired<Input>, options?: NodeOptions<Output>];

/** The request of a nested workflow: model and parameters are the parent's unless they are given. */
type NestedRequest<Request> = Omit<Request, 'model' | 'parameters'> &
  Partial<Pick<Request & RunRequest, 'model' | 'parameters'>>;

/** Makes a route by any text or number a compile error: nobody could list its branches. */
type Constants<K> = string extends K
  ? { readonly notConstant: K }
  : number extends K
    ? { readonly notConstant: K }
    : unknown;

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

  /**
   * @param parent the flow around this one, if it is a branch: its refs may be used here
   * @param prefix stands before the keys of this flow's steps
   */
  constructor(
    readonly parent?: Flow,
    readonly prefix = '',
  ) {}

  /** The steps in the order in which they were added. */
  get steps(): readonly FlowStep[] {
    return this.#steps;
  }

  /**
   * Adds a node. It runs when everything that it is wired to has finished.
   * @param parameters its input, each property a ref or a constant, and options
   * @returns the ref to its output
   */
  node<N extends WorkflowNode>(
    node: Type<N>,
    ...parameters: NodeParameters<InputOf<N>, OutputOf<N>>
  ): Ref<OutputOf<N>> {
    const [input, options = {}] = parameters;
    const key = this.prefix + (options.key ?? node.name);
    this.#steps.push({ ...(options as NodeOptions), kind: 'node', key, node, input });
    return new Ref<OutputOf<N>>(this, { kind: 'step', key, node });
  }

  /**
   * Runs exactly one of several branches, by a value that a step gives.
   * @param on the value that decides; its type is a union of constants, or boolean
   * @param branches a function for each value: it wires the steps of its branch and returns the ref to their result
   * @returns the ref to the result of whichever branch runs
   */
  route<const K extends string | number | boolean, R extends { readonly [P in `${K}`]: unknown }>(
    on: Ref<K> & Constants<K> & NoOtherBranch<Exclude<keyof R, `${K}`>>,
    branches: { readonly [P in keyof R]: (flow: Flow) => Ref<R[P]> },
    options: StepOptions = {},
  ): Ref<R[`${K}`]> {
    this.#routes++;
    const key = this.prefix + (options.key ?? (this.#routes === 1 ? 'route' : `route-${this.#routes}`));
    const wired = Object.entries<(flow: Flow) => Ref<unknown>>(branches).map(([value, wire]) => {
      const flow = new Flow(this, `${key}.${value}.`);
      return [value, { flow, result: wire(flow) }] as const;
    });
    this.#steps.push({ ...options, kind: 'route', key, on, branches: new Map(wired) });
    return new Ref(this, { kind: 'step', key });
  }

  /**
   * Runs another workflow as one step: its visible nodes speak, its usage counts, its trace is nested.
   * @param request what it is given; `model` and `parameters` are the parent's unless they are here
   * @returns the ref to its result
   */
  workflow<W extends DefinitionTypes<RunRequest, unknown>>(
    workflow: Type<W>,
    request: Wired<NestedRequest<RequestOf<W>>>,
    options: NestedOptions = {},
  ): Ref<ResultOf<W>> {
    const key = this.prefix + (options.key ?? workflow.name);
    this.#steps.push({ ...options, kind: 'workflow', key, workflow, request });
    return new Ref(this, { kind: 'step', key });
  }
}

/** The refs to the request of a flow. Any property can be asked for: its type says which there are. */
export function makeWiring<Request>(flow: Flow): Wiring<Request> {
  return new Proxy(
    {},
    {
      get: (_, property) => (typeof property === 'string' ? new Ref(flow, { kind: 'request', property }) : undefined),
    },
  ) as Wiring<Request>;
}
