import type { ParameterGroup } from './parameter-groups.js';
import type { WorkflowNode } from './workflow-node.js';

/** A node of a compiled workflow, as data. */
export interface NodeConfig {
  /** Unique within the workflow. */
  readonly key: string;
  /** Name of its class. */
  readonly node: string;
  /** True if what it yields goes to the client. */
  readonly visible: boolean;
}

/** Two nodes, of which the second runs after the first. */
export interface Connection {
  readonly from: string;
  readonly to: string;
}

/** The graph of a workflow as data: what its `define` wired, in the order in which nodes run. */
export interface WorkflowSchema {
  /** Key of the node that runs first. */
  readonly start: string;
  readonly nodes: readonly NodeConfig[];
  readonly connections: readonly Connection[];
}

/** One node of a compiled workflow, ready to run. */
export interface WorkflowStep extends NodeConfig {
  readonly instance: WorkflowNode<unknown>;
  /** The node's own window for joining text, in milliseconds; undefined: the server's. */
  readonly debounceMs: number | undefined;
  /** Builds the node's input from the request and the outputs so far. */
  input(event: object, outputs: ReadonlyMap<string, unknown>): unknown;
}

/** A workflow as it is run: compiled once at start-up, never changed. */
export interface CompiledWorkflow {
  readonly id: string;
  readonly description: string;
  readonly separator: string;
  readonly schema: WorkflowSchema;
  readonly steps: readonly WorkflowStep[];
  /** The nodes that the client hears: the visible ones, or the one that gives the result if there are none. */
  readonly heard: readonly WorkflowStep[];
  /** Groups of the client's parameters that at least one of these hands on to its model. */
  readonly takes: ReadonlySet<ParameterGroup>;
  /** A step by its key. */
  step(key: string): WorkflowStep | undefined;
  /** Picks the workflow's result once all nodes have run. */
  result(event: object, outputs: ReadonlyMap<string, unknown>): unknown;
  /** Key of the node whose output is the result; undefined if the result is a part of the request. */
  readonly resultNode: string | undefined;
}
