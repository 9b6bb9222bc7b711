import { type Attributes, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { FinishedEvent, FinishedObservation, FinishedTrace } from '../recording/finished-trace.js';
import { makeGenAiAttributes } from './gen-ai-attributes.js';
import { makeLangfuseAttributes } from './langfuse-attributes.js';
import { toHrTime } from './times.js';

/** The common part of all spans of a process. */
export interface SpanOrigin {
  readonly resource: Resource;
  readonly scope: ReadableSpan['instrumentationScope'];
  /** Langfuse's attributes of the deployment, for each span. */
  readonly deployment: Attributes;
  /** Names of model providers in the conventions, by our own names. */
  readonly providerNames: Readonly<Record<string, string>>;
}

/** Makes the spans of a trace in the form of OpenTelemetry's exporters. */
export function makeReadableSpans(trace: FinishedTrace, origin: SpanOrigin): ReadableSpan[] {
  return trace.observations.map((observation) => makeReadableSpan(trace, observation, origin));
}

function makeReadableSpan(trace: FinishedTrace, observation: FinishedObservation, origin: SpanOrigin): ReadableSpan {
  const context = makeSpanContext(trace.id, observation.id);
  const isRoot = observation.parentId === undefined;
  const parentId = observation.parentId ?? trace.callerSpanId;
  return {
    name: observation.name,
    kind: isRoot ? SpanKind.SERVER : observation.generation === undefined ? SpanKind.INTERNAL : SpanKind.CLIENT,
    spanContext: () => context,
    ...(parentId !== undefined && { parentSpanContext: { ...makeSpanContext(trace.id, parentId), isRemote: isRoot } }),
    startTime: toHrTime(observation.startTime),
    endTime: toHrTime(observation.endTime),
    duration: toHrTime(observation.endTime - observation.startTime),
    status: makeStatus(observation),
    attributes: {
      ...makeLangfuseAttributes(trace, observation, origin.deployment),
      ...makeGenAiAttributes(trace, observation, origin.providerNames),
    },
    events: observation.events.map(makeTimedEvent),
    links: [],
    ended: true,
    resource: origin.resource,
    instrumentationScope: origin.scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function makeSpanContext(traceId: string, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

/** Makes the status. OpenTelemetry has no warnings, and an abort is not an error of the server. */
function makeStatus({ level, statusMessage }: FinishedObservation): ReadableSpan['status'] {
  if (level !== 'ERROR') return { code: SpanStatusCode.UNSET };
  return { code: SpanStatusCode.ERROR, ...(statusMessage !== undefined && { message: statusMessage }) };
}

function makeTimedEvent({ name, time, level, data }: FinishedEvent): ReadableSpan['events'][number] {
  return {
    name,
    time: toHrTime(time),
    attributes: { ...data, ...(level !== 'DEFAULT' && { level }) },
    droppedAttributesCount: 0,
  };
}
