import { assertNever } from '../kernel/index.js';
import type { OutputSchema } from '../schema/index.js';
import type { RunRequest } from './run-request.js';
import type { ParameterGroup } from './parameter-groups.js';
import type { WorkflowSchedule } from './schedules/workflow-schedule.js';
import type { WorkflowNode } from './workflow-node.js';

/** The kind of a node at a step: code, a silent agent, or an agent or code that streams. */
export type NodeKind = (typeof NODE_KINDS)[number];

const NODE_KINDS = ['node', 'agent', 'agent-streaming'] as const;

/**
 * The kind of a step: code, a silent agent, an agent or code that streams, a choice of branches, another workflow, or a wait for an
 * answer.
 */
export type StepKind = (typeof STEP_KINDS)[number];

/** All kinds of steps. */
export const STEP_KINDS = [...NODE_KINDS, 'route', 'workflow', 'interrupt'] as const;

/** A step of a compiled workflow, as data. */
export interface NodeConfig {
  /** Unique within the workflow. Keys of steps in a branch begin with those of the route and the branch. */
  readonly key: string;
  readonly kind: StepKind;
  /** Name of the agent's field, the node's class or the code in place, or id of the nested workflow, or name of a wait; absent for a route. */
  readonly node?: string;
  /** True if it, or a part of it, is visible to the client. */
  readonly visible: boolean;
}

/** Two steps, the second of which runs after the first. */
export interface Connection {
  readonly from: string;
  readonly to: string;
}

/** One branch of a route. */
export interface Branch {
  readonly route: string;
  /** The value that selects the branch. */
  readonly when: string;
  /** Keys of its steps, in declared order; empty if it only passes a value on. */
  readonly steps: readonly string[];
}

/** The graph of a workflow as data. Steps that do not wait for one another run in parallel. */
export interface WorkflowSchema {
  /** Keys of the steps that wait for no other. */
  readonly start: readonly string[];
  readonly nodes: readonly NodeConfig[];
  readonly connections: readonly Connection[];
  readonly branches: readonly Branch[];
}

/** Where the values of refs come from in one execution. */
export interface Values {
  readonly request: RunRequest;
  /** Outputs of finished steps by key. */
  readonly outputs: { get(key: string): unknown };
}

interface StepBase {
  readonly key: string;
  /** Keys of the steps of the same scope that must finish first. */
  readonly dependsOn: readonly string[];
  readonly visible: boolean;
}

/** A node, ready to run. */
export interface NodeStep extends StepBase {
  readonly kind: 'node';
  readonly instance: WorkflowNode<unknown>;
  readonly node: string;
  /** Its kind in the graph and in events. */
  readonly nodeKind: NodeKind;
  /** Whether it yields deltas before it returns its output. */
  readonly streams: boolean;
  /** Builds the node's input. */
  readonly input: (values: Values) => unknown;
  readonly onError: ((error: Error) => unknown) | undefined;
  /** True if it is never repeated in a run that continues in another process. */
  readonly runsOnce: boolean;
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

/** A wait for an answer of a person or a program. */
export interface InterruptStep extends StepBase {
  readonly kind: 'interrupt';
  /** Its name for clients; unique among the waits of a workflow and of those inside it. */
  readonly name: string;
  /** Builds what is shown to the person who answers. */
  readonly buildShown: (values: Values) => Readonly<Record<string, unknown>>;
  readonly answer: OutputSchema<unknown>;
  /** How long it waits, in milliseconds; undefined: for ever. */
  readonly timeoutMs: number | undefined;
  /** Returns the value if there was no answer in time; undefined: the run then fails. */
  readonly onTimeout: (() => unknown) | undefined;
}

/** A step of a compiled workflow. */
export type Step = NodeStep | RouteStep | NestedStep | InterruptStep;

/** Lists what a step holds instead of running it itself: its branches, by the values that select them. */
export function listBranches(step: Step): readonly (readonly [when: string, branch: CompiledScope])[] {
  switch (step.kind) {
    case 'route':
      return [...step.branches];
    case 'node':
    case 'workflow':
    case 'interrupt':
      return [];
    default:
      return assertNever(step);
  }
}

/** Steps that are scheduled together: those of a workflow, or of one branch. */
export interface CompiledScope {
  /** In declared order, which is the order in which they speak. */
  readonly steps: readonly Step[];
  /** Key of the step whose output becomes the result; undefined if a part of the request does. */
  readonly resultStep: string | undefined;
  /** True if the result is the output of that step, or part of the request, as it is. */
  readonly isOutput: boolean;
  readonly result: (values: Values) => unknown;
}

/** A wait that a workflow has, or one inside it. */
export interface CompiledWait {
  /** Its name for clients. */
  readonly name: string;
  /** Key of its step, preceded by those of the enclosing steps. */
  readonly node: string;
  readonly answer: OutputSchema<unknown>;
  /** True if the run continues without an answer when its time is over. */
  readonly hasDefault: boolean;
}

/** A workflow that can be run: compiled once at start-up, never changed. */
export interface CompiledWorkflow {
  readonly id: string;
  readonly description: string;
  readonly version: string | undefined;
  /** False if nothing of it is traced. */
  readonly traced: boolean;
  readonly separator: string;
  /** How many steps of one run may run at the same time. */
  readonly concurrency: number;
  /** How many of its logged runs may execute at the same time, in all processes together; undefined: any number. */
  readonly backgroundConcurrency: number | undefined;
  /** How often a logged run of it is begun again after a failure. */
  readonly retries: number;
  /** How long it waits before the first of these times, in milliseconds. */
  readonly retryDelayMs: number;
  readonly schema: WorkflowSchema;
  readonly scope: CompiledScope;
  /** True if it has a visible step; otherwise its result is sent. */
  readonly visible: boolean;
  /** Key of the step whose output becomes the result; undefined if a part of the request does. */
  readonly resultStep: string | undefined;
  /** True if clients cannot ask for it. */
  readonly onlyAsStep: boolean;
  /** What it may wait for, in branches and in workflows inside it as well. */
  readonly waits: readonly CompiledWait[];
  /** When it runs by itself. */
  readonly schedules: readonly WorkflowSchedule[];
  /** What happens to runs that were begun with another version of it, see `WorkflowOptions.onChange`. */
  readonly onChange: 'resume' | 'fail';
  /** Names of the inputs that it needs beside a chat request when it runs as a step. */
  readonly needs: readonly string[];
  /** Names of the inputs that it reads beside a chat request, required or not. */
  readonly reads: readonly string[];
  /** True if it wires the messages of the request to a step. Nodes can read them in their context as well. */
  readonly readsMessages: boolean;
  /** Groups of the client's parameters that it takes on every path of a run. */
  readonly takes: ReadonlySet<ParameterGroup>;
}
