import type { JsonValue } from '../../kernel/index.js';
import { addCosts, type Cost, type Usage } from '../../models/index.js';
import type { InspectedCall, InspectedEvent, InspectedStep, RunInspection } from '../../runs/index.js';
import { makeRunErrorObject, type RunErrorObject } from './run-error.js';

/** What something cost. */
interface CostObject {
  readonly usd: number;
  readonly prices: string;
}

/** One thing that happened in a step. */
interface EventObject {
  readonly type: InspectedEvent['type'];
  readonly [field: string]: JsonValue | undefined;
}

/** One run of a step. */
interface StepInspectionObject {
  readonly node: string;
  readonly kind: string;
  readonly visible: boolean;
  readonly status: InspectedStep['status'];
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly input?: JsonValue;
  readonly output?: JsonValue;
  readonly branch?: string;
  readonly error: RunErrorObject | null;
  readonly usage: Usage | null;
  readonly cost: CostObject | null;
  readonly events: readonly EventObject[];
}

/** The inside of a run, for callers who may inspect it. */
interface InspectionObject {
  readonly id: string;
  readonly object: 'run.inspection';
  readonly model: string;
  readonly workflow: string;
  readonly status: RunInspection['status'];
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly trace_id: string | null;
  readonly trace_url: string | null;
  readonly error: RunErrorObject | null;
  readonly usage: Usage | null;
  readonly cost: CostObject | null;
  readonly truncated: boolean;
  readonly steps: readonly StepInspectionObject[];
}

/** @param traceUrl address of the trace, if known */
export function makeInspectionObject(inspection: RunInspection, traceUrl: string | undefined): InspectionObject {
  const { id, model, workflow, status, startedAt, endedAt, traceId, error, usage, isTruncated, steps } = inspection;
  return {
    id,
    object: 'run.inspection',
    model,
    workflow,
    status,
    started_at: startedAt,
    ended_at: endedAt ?? null,
    trace_id: traceId ?? null,
    trace_url: traceUrl ?? null,
    error: error === undefined ? null : makeRunErrorObject(error),
    usage: usage ?? null,
    cost: sumCosts(steps.flatMap(listCalls)),
    truncated: isTruncated,
    steps: steps.map(describeStep),
  };
}

function describeStep(step: InspectedStep): StepInspectionObject {
  const { node, kind, visible, status, startedAt, endedAt, input, output, branch, error, usage, events } = step;
  return {
    node,
    kind,
    visible,
    status,
    started_at: startedAt,
    ended_at: endedAt ?? null,
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(branch !== undefined && { branch }),
    error: error === undefined ? null : makeRunErrorObject(error),
    usage: usage ?? null,
    cost: sumCosts(listCalls(step)),
    events: events.map(describeEvent),
  };
}

function describeEvent(event: InspectedEvent): EventObject {
  if (event.type === 'note') {
    const { type, within, name, level, at, data } = event;
    return { type, within, name, level, at, data };
  }
  const { type, within, startedAt: started_at, endedAt: ended_at = null } = event;
  if (event.type !== 'model-call') {
    const { name, span, input, output, level, failure } = event;
    return { type, within, span, name, started_at, ended_at, input, output, level, failure };
  }
  const { provider, model, answeredBy: answered_by, firstTokenAt: first_token_at, retries, outcome, failure } = event;
  const { messages, parameters, output, usage, cost } = event;
  return {
    type,
    within,
    provider,
    model,
    answered_by,
    started_at,
    first_token_at: first_token_at ?? null,
    ended_at,
    outcome,
    failure,
    messages,
    parameters,
    output,
    usage: (usage ?? null) as JsonValue,
    cost: describeCost(cost) as JsonValue,
    retries: retries.map(({ at, attempt, delayMs: delay_ms, reason }) => ({ at, attempt, delay_ms, reason })),
  };
}

function listCalls({ events }: InspectedStep): readonly InspectedCall[] {
  return events.filter((event) => event.type === 'model-call');
}

/** Calls without reported usage are left out. */
function sumCosts(calls: readonly InspectedCall[]): CostObject | null {
  return describeCost(addCosts(calls.filter(({ usage }) => usage !== undefined).map(({ cost }) => cost)));
}

function describeCost(cost: Cost | undefined): CostObject | null {
  return cost === undefined ? null : { usd: cost.usd, prices: cost.prices };
}
