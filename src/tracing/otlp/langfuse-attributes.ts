import type { Attributes } from '@opentelemetry/api';
import type { FinishedGeneration, FinishedObservation, FinishedTrace } from '../recording/finished-trace.js';
import { makeUsageBuckets } from '../recording/usage-buckets.js';
import { toIsoTime } from './times.js';

/**
 * Makes all attributes of an observation under Langfuse's own names. Each observation repeats the attributes of its trace,
 * because Langfuse 4 reads observations one by one.
 * @see https://langfuse.com/integrations/native/opentelemetry#property-mapping
 */
export function makeLangfuseAttributes(
  trace: FinishedTrace,
  observation: FinishedObservation,
  deployment: Attributes,
): Attributes {
  const isRoot = observation.parentId === undefined;
  const { input, output, level, statusMessage, generation } = observation;
  return {
    ...deployment,
    'langfuse.trace.name': trace.name,
    ...(trace.userId !== undefined && { 'user.id': trace.userId }),
    ...(trace.sessionId !== undefined && { 'session.id': trace.sessionId }),
    ...(trace.tags.length > 0 && { 'langfuse.trace.tags': [...trace.tags] }),
    'langfuse.observation.type': generation === undefined ? 'span' : 'generation',
    'langfuse.observation.level': level,
    ...(statusMessage !== undefined && { 'langfuse.observation.status_message': statusMessage }),
    ...(input !== undefined && { 'langfuse.observation.input': input }),
    ...(output !== undefined && { 'langfuse.observation.output': output }),
    ...prefixKeys('langfuse.observation.metadata.', observation.metadata),
    ...makeEventAttributes(observation),
    ...(isRoot && makeRootAttributes(observation)),
    ...(generation && makeGenerationAttributes(generation)),
  };
}

/**
 * Makes the attributes of the root. Langfuse takes the trace's input and output from the root, so they are not sent twice.
 */
function makeRootAttributes({ metadata }: FinishedObservation): Attributes {
  return {
    // Without it, the root of a continued trace would not count as a root.
    'langfuse.internal.as_root': true,
    'langfuse.internal.is_app_root': true,
    ...prefixKeys('langfuse.trace.metadata.', metadata),
  };
}

function makeGenerationAttributes(generation: FinishedGeneration): Attributes {
  const { model, answeredBy, parameters, usage, firstTokenTime } = generation;
  return {
    'langfuse.observation.model.name': answeredBy ?? model,
    ...(Object.keys(parameters).length > 0 && {
      'langfuse.observation.model.parameters': JSON.stringify(parameters),
    }),
    ...(usage && { 'langfuse.observation.usage_details': JSON.stringify(makeUsageBuckets(usage)) }),
    ...(firstTokenTime !== undefined && {
      'langfuse.observation.completion_start_time': toIsoTime(firstTokenTime),
    }),
    ...(generation.finishReason !== undefined && {
      'langfuse.observation.metadata.finish_reason': generation.finishReason,
    }),
  };
}

/** Repeats the events in the metadata, because Langfuse does not show events of spans. */
function makeEventAttributes({ events, startTime }: FinishedObservation): Attributes {
  if (events.length === 0) return {};
  const shown = events.map(({ name, time, level, data }) => ({
    name,
    after_ms: Math.round(time - startTime),
    level,
    ...data,
  }));
  return { 'langfuse.observation.metadata.events': JSON.stringify(shown) };
}

function prefixKeys(prefix: string, values: Readonly<Record<string, string>>): Attributes {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
