import type { Type } from '@nestjs/common';
import { assertNever, ensureError } from '../../kernel/index.js';
import { Agent, type AgentData } from '../agents/agent.js';
import type { AgentTool } from '../agents/agent-tool.js';
import type { RunRequest } from '../run-request.js';
import { Flow, type FlowStep, listWiredBranches } from '../flow.js';
import { CHAT_REQUEST, makeRefs } from '../request-refs.js';
import type { Refs } from '../ref.js';
import { WiringError } from '../wiring-error.js';
import { findAgents, nameFields, reportSharedAgents, reportUnnamedAgent } from './agent-fields.js';
import type { DefinitionFaults } from './definition-faults.js';

/** An instance of a workflow's class. */
export interface WorkflowDefinition {
  define(flow: Flow, request: Refs<RunRequest>): unknown;
}

/** The outcome of a workflow's `define`. */
export interface WiredWorkflow {
  readonly flow: Flow;
  /** The value that it returned: a ref, unless the author made a mistake. */
  readonly result: unknown;
  /** Names of the properties that it reads and no chat request has. */
  readonly needs: readonly string[];
  readonly readsMessages: boolean;
}

/**
 * Runs a workflow's `define`.
 * @returns undefined if that fails; `faults` then says why
 */
export function wireWorkflow(definition: WorkflowDefinition, faults: DefinitionFaults): WiredWorkflow | undefined {
  if (reportSharedAgents(definition, faults)) return undefined;
  const fields = findAgents(definition);
  const flow = new Flow(nameFields(definition));
  const read = new Set<string>();
  let result: unknown;
  try {
    result = definition.define(
      flow,
      makeRefs<RunRequest>(flow, (property) => void read.add(property)),
    );
    // A promise is not a ref, which is reported as a fault. Its rejection must not end the process before that.
    if (result instanceof Promise) result.catch(() => undefined);
  } catch (error) {
    if (error instanceof WiringError) {
      faults.add(error.code, error.problem, error.fix, error.node);
    } else {
      const fix = 'Correct define(); it must only wire steps.';
      faults.add('define_failed', `define() threw "${ensureError(error).message}".`, fix);
    }
    return undefined;
  } finally {
    flow.close();
  }
  const used = new Set(listSteps(flow).map((step) => step.kind === 'agent' && step.agent));
  for (const [agent, field] of fields) {
    if (used.has(agent)) continue;
    const fix = 'Wire it in define() with flow.ask(…) or flow.stream(…), or remove it.';
    faults.add('unused_agent', 'the agent in this field is never used.', fix, field);
  }
  for (const step of listSteps(flow)) {
    if (step.kind !== 'agent' || step.isNamed || !(step.agent instanceof Agent)) continue;
    reportUnnamedAgent(step.key, step.agent, definition, faults);
  }
  return {
    flow,
    result,
    needs: [...read].filter((property) => !CHAT_REQUEST.includes(property)),
    readsMessages: read.has('messages'),
  };
}

/** Lists the classes that a workflow needs instances of: its nodes, and the tools of its agents. */
export function listClasses({ flow }: WiredWorkflow): readonly Type<unknown>[] {
  return listSteps(flow).flatMap((step): readonly Type<unknown>[] => {
    switch (step.kind) {
      case 'node':
        return [step.node];
      case 'agent':
        return listToolClasses(step.agent);
      case 'code':
      case 'route':
      case 'workflow':
      case 'interrupt':
        return [];
      default:
        return assertNever(step);
    }
  });
}

function listToolClasses(agent: unknown): readonly Type<AgentTool>[] {
  if (!(agent instanceof Agent)) return [];
  const { tools } = (agent.config as AgentData | undefined) ?? {};
  // Callers without types can give anything. It is reported where the agent is compiled.
  return Array.isArray(tools) ? tools.filter((tool): tool is Type<AgentTool> => typeof tool === 'function') : [];
}

/** Lists the steps of a flow, including those of its branches. */
function listSteps(flow: Flow): readonly FlowStep[] {
  return flow.steps.flatMap((step) => [
    step,
    ...listWiredBranches(step).flatMap(([, branch]) => listSteps(branch.flow)),
  ]);
}
