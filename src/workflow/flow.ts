import type { Type } from '@nestjs/common';
import { Ref, type Wired, type Wiring } from './ref.js';
import type { InputOf, OutputOf } from './node-signature.js';
import type { WorkflowNode } from './workflow-node.js';

/** How a node stands in a workflow. */
export interface FlowNodeOptions {
  /** Nodes that must have finished before this one, though it takes nothing from them. */
  readonly after?: readonly Ref<unknown>[];
  /** Its name in this workflow: needed where one class stands in it more than once. Default: the class's name. */
  readonly key?: string;
  /** Keeps a streaming node's text from the client: it then only feeds other nodes. */
  readonly hidden?: boolean;
}

/** A node as it was added to a flow, before compilation. */
export interface FlowNode extends FlowNodeOptions {
  readonly key: string;
  readonly node: Type<WorkflowNode>;
  readonly input: Readonly<Record<string, unknown>> | undefined;
}

/** What `flow.node` takes after the class: a node that needs no input is not given any. */
type NodeParameters<Input> = [unknown] extends [Input]
  ? [input?: undefined, options?: FlowNodeOptions]
  : [Input] extends [void | undefined]
    ? [input?: undefined, options?: FlowNodeOptions]
    : [input: Wired<Input>, options?: FlowNodeOptions];

/**
 * Collects the nodes of one workflow while its `define` runs, once, at start-up. Nothing runs here: the values that flow
 * between nodes are {@link Ref}s, and the compiler checks that each fits.
 */
export class Flow {
  readonly #nodes: FlowNode[] = [];

  /** The nodes in the order in which they were added. */
  get nodes(): readonly FlowNode[] {
    return this.#nodes;
  }

  /**
   * Adds a node. It runs when everything that it is wired to has finished.
   * @param parameters its input, each property a ref or a constant, and options
   * @returns the ref to its output
   */
  node<N extends WorkflowNode>(node: Type<N>, ...parameters: NodeParameters<InputOf<N>>): Ref<OutputOf<N>> {
    const [input, options = {}] = parameters;
    const key = options.key ?? node.name;
    this.#nodes.push({ ...options, key, node, input });
    return new Ref<OutputOf<N>>(this, { kind: 'node', key, node });
  }
}

/** The refs to the request of a flow. Any property can be asked for: its type says which there are. */
export function wiringOf<Event>(flow: Flow): Wiring<Event> {
  return new Proxy(
    {},
    {
      get: (_, property) => (typeof property === 'string' ? new Ref(flow, { kind: 'event', property }) : undefined),
    },
  ) as Wiring<Event>;
}
