import type { RunRequest } from './run-request.js';
import type { ParameterGroup } from './parameter-groups.js';
import type { WorkflowNode } from './workflow-node.js';

/** What a step is: code, a silent agent, one that streams (or code that does), a choice of branches, or another workflow. */
export type StepKind = 'node' | 'agent' | 'agent-streaming' | 'route' | 'workflow';

/** A step of a compiled workflow, as data. */
export interface NodeConfig {
  /** Unique within the workflow. Steps of a branch have the key of the route and the branch before their own. */
  readonly key: string;
  readonly kind: StepKind;
  /** Name of the agent's field, of the node's class or of code in place, or id of the nested workflow; absent for a route. */
  readonly node?: string;
  /** True if it, or a part of it, is visible to the client. */
  readonly visible: boolean;
}

/** Two steps, of which the second runs after the first. */
export interface Connection {
  readonly from: string;
  readonly to: string;
}

/** One way that a route can take. */
export interface Branch {
  readonly route: string;
  /** The value that leads this way. */
  readonly when: string;
  /** Keys of the steps that run on it, in declared order; empty if it only passes a value on. */
  readonly steps: readonly string[];
}

/** The graph of a workflow as data: what its `define` wired. Steps that do not wait for one another run in parallel. */
export interface WorkflowSchema {
  /** Keys of the steps that wait for nothing. */
  readonly start: readonly string[];
  readonly nodes: readonly NodeConfig[];
  readonly connections: readonly Connection[];
  readonly branches: readonly Branch[];
}

/** What the values of one execution are taken from. */
export interface Values {
  readonly request: RunRequest;
  /** Outputs of finished steps by key. */
  readonly outputs: { get(key: string): unknown };
}

interface StepBase {
  readonly key: string;
  /** Keys of the steps of the same scope that must have finished. */
  readonly dependsOn: readonly string[];
  readonly visible: boolean;
}

/** A node, ready to run. */
export interface NodeStep extends StepBase {
  readonly kind: 'node';
  readonly instance: WorkflowNode<unknown>;
  readonly node: string;
  /** What the graph and the events call it. */
  readonly nodeKind: StepKind;
  /** Whether what it gives is pulled: deltas, and an output at the end. */
  readonly streams: boolean;
  /** Builds the node's input. */
  readonly input: (values: Values) => unknown;
  readonly onError: ((error: Error) => unknown) | undefined;
}

/** A choice of branches, ready to run. */
export interface RouteStep extends StepBase {
  readonly kind: 'route';
  readonly decide: (values: Values) => unknown;
  readonly branches: ReadonlyMap<string, CompiledScope>;
}

/** Another workflow, ready to run. */
export interface NestedStep extends StepBase {
  readonly kind: 'workflow';
  readonly workflow: CompiledWorkflow;
  readonly silent: boolean;
  readonly request: (values: Values) => RunRequest;
}

/** A step of a compiled workflow. */
export type Step = NodeStep | RouteStep | NestedStep;

/** Steps that are scheduled together: those of a workflow, or of one branch. */
export interface CompiledScope {
  /** In declared order, which is the order in which they speak. */
  readonly steps: readonly Step[];
  /** Key of the step whose output the result is made of; undefined if it is a part of the request. */
  readonly resultStep: string | undefined;
  readonly result: (values: Values) => unknown;
}

/** A workflow as it is run: compiled once at start-up, never changed. */
export interface CompiledWorkflow {
  readonly id: string;
  readonly description: string;
  readonly version: string | undefined;
  /** False: nothing of it is traced. */
  readonly traced: boolean;
  readonly separator: string;
  /** How many nodes of one run may be at work at the same time. */
  readonly concurrency: number;
  readonly schema: WorkflowSchema;
  readonly scope: CompiledScope;
  /** True if a node of it can speak to the client; otherwise its result is the answer. */
  readonly visible: boolean;
  /** Key of the step whose output the result is made of; undefined if it is a part of the request. */
  readonly resultStep: string | undefined;
  /** True: clients cannot ask for it. */
  readonly onlyAsStep: boolean;
  /** What it must be given beside a chat request where it is a step. */
  readonly needs: readonly string[];
  /** What it reads beside a chat request, whether it must be given or not. */
  readonly reads: readonly string[];
  /** Groups of the client's parameters that are heeded whichever way a run goes. */
  readonly takes: ReadonlySet<ParameterGroup>;
}
