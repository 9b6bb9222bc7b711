import type { Type } from '@nestjs/common';
import type { DefinitionFault } from '../errors/index.js';
import { ensureError } from '../kernel/index.js';
import type { ChatEvent } from './chat-event.js';
import { Flow, type FlowNode, wiringOf } from './flow.js';
import { Ref } from './ref.js';
import type { WorkflowDefinition } from './workflow-definition.js';
import type { WorkflowNode } from './workflow-node.js';
import type { CompiledWorkflow, Connection, WorkflowStep } from './workflow-schema.js';
import type { WorkflowOptions } from './workflow.decorator.js';

/** Finds the instance of a node's class, or undefined if no module provides it. */
export type NodeResolver = (node: Type<WorkflowNode>) => WorkflowNode<unknown> | undefined;

/** A workflow, or all that is wrong with it. */
export type Compilation =
  { readonly workflow: CompiledWorkflow } | { readonly faults: readonly [DefinitionFault, ...DefinitionFault[]] };

/** What stands between the texts of two visible nodes if the workflow does not say. */
const BLANK_LINE = '\n\n';

/** Runs a workflow's `define` and checks and freezes what it wired. */
export function compileWorkflow(
  options: WorkflowOptions,
  definition: WorkflowDefinition,
  resolve: NodeResolver,
): Compilation {
  const faults: DefinitionFault[] = [];
  const fault = (code: string, message: string, fix: string, node?: string): void => {
    faults.push({ code, workflow: options.id, ...(node !== undefined && { node }), message, fix });
  };

  const flow = new Flow();
  let result: unknown;
  try {
    result = definition.define(flow, wiringOf<ChatEvent>(flow));
  } catch (error) {
    fault(
      'define_failed',
      `define() threw "${ensureError(error).message}".`,
      'Correct define(); it must only wire nodes.',
    );
  }

  const keys = new Set<string>();
  const steps: WorkflowStep[] = [];
  const connections: Connection[] = [];
  for (const flowNode of flow.nodes) {
    if (keys.has(flowNode.key)) {
      fault(
        'duplicate_node_key',
        'it stands in the workflow twice.',
        'Give one of the two a key: flow.node(…, { key }).',
        flowNode.key,
      );
    }
    keys.add(flowNode.key);
    const refs = refsOf(flowNode);
    if (refs.some((ref) => ref.owner !== flow)) {
      fault(
        'foreign_ref',
        'it is wired to a value of another workflow.',
        'Wire it to refs of its own define() only.',
        flowNode.key,
      );
    }
    connections.push(...connectionsTo(flowNode.key, refs));
    const instance = resolve(flowNode.node);
    if (instance === undefined) {
      fault(
        'node_not_provided',
        'no module provides its class.',
        `Add ${flowNode.node.name} to the providers of a module.`,
        flowNode.key,
      );
      continue;
    }
    try {
      instance.prepare?.();
    } catch (error) {
      fault('node_not_ready', ensureError(error).message, 'Correct the node.', flowNode.key);
    }
    steps.push(stepOf(flowNode, instance));
  }

  if (flow.nodes.length === 0 && faults.length === 0)
    fault('no_nodes', 'it has no nodes.', 'Add one with flow.node(…) in define().');
  if (!(result instanceof Ref) || result.owner !== flow) {
    if (faults.length === 0) {
      fault(
        'no_result',
        'define() does not return a ref of this workflow.',
        'Return the ref of the node whose output is the result.',
      );
    }
  }
  const [first, ...others] = faults;
  if (first !== undefined) return { faults: [first, ...others] };

  const resultRef = result as Ref<unknown>;
  const start = steps[0]?.key ?? '';
  const resultKey = resultRef.source.kind === 'node' ? resultRef.source.key : undefined;
  const visible = steps.filter((step) => step.visible);
  const heard = visible.length > 0 ? visible : steps.filter(({ key }) => key === resultKey);
  const stepsByKey = new Map(steps.map((step) => [step.key, step]));
  return {
    workflow: Object.freeze<CompiledWorkflow>({
      id: options.id,
      description: options.description,
      separator: options.separator ?? BLANK_LINE,
      schema: Object.freeze({
        start,
        nodes: steps.map(({ key, node, visible }) => Object.freeze({ key, node, visible })),
        connections,
      }),
      steps,
      heard,
      takes: new Set(heard.flatMap(({ instance }) => instance.forwards ?? [])),
      step: (key) => stepsByKey.get(key),
      result: (event, outputs) => valueOf(resultRef, event, outputs),
      resultNode: resultKey,
    }),
  };
}

function refsOf({ input, after }: FlowNode): Ref<unknown>[] {
  return [...Object.values(input ?? {}), ...(after ?? [])].filter((value) => value instanceof Ref);
}

function connectionsTo(to: string, refs: readonly Ref<unknown>[]): Connection[] {
  const from = new Set(refs.flatMap(({ source }) => (source.kind === 'node' ? [source.key] : [])));
  return [...from].map((key) => ({ from: key, to }));
}

function stepOf({ key, node, input, hidden }: FlowNode, instance: WorkflowNode<unknown>): WorkflowStep {
  const wires = input === undefined ? undefined : Object.entries(input);
  return {
    key,
    node: node.name,
    visible: instance.speaks && hidden !== true,
    instance,
    debounceMs: instance.debounceMs,
    input: (event, outputs) =>
      wires === undefined
        ? undefined
        : Object.fromEntries(
            wires.map(([name, value]) => [name, value instanceof Ref ? valueOf(value, event, outputs) : value]),
          ),
  };
}

function valueOf({ source }: Ref<unknown>, event: object, outputs: ReadonlyMap<string, unknown>): unknown {
  if (source.kind === 'node') return outputs.get(source.key);
  return Object.hasOwn(event, source.property) ? (event as Record<string, unknown>)[source.property] : undefined;
}
