import type {
  FinishedEvent,
  FinishedGeneration,
  FinishedObservation,
  FinishedTrace,
} from '../recording/finished-trace.js';
import { makeUsageBuckets } from '../recording/usage-buckets.js';
import { parseCaptured, parseAllCaptured } from './parse-captured.js';

/** The common part of all events of Langfuse's legacy ingestion. */
interface Envelope<Type extends string, Body> {
  /**
   * The server treats events with the same id as one. So ids are derived from the content, and a repeated delivery adds
   * nothing.
   */
  readonly id: string;
  readonly type: Type;
  /** When it happened, ISO 8601. */
  readonly timestamp: string;
  readonly body: Body;
}

/** The parts of a body that can be long. */
interface Content {
  input?: unknown;
  output?: unknown;
  metadata: Record<string, unknown>;
}

interface TraceBody extends Content {
  id: string;
  timestamp: string;
  name: string;
  userId?: string;
  sessionId?: string;
  tags: string[];
  release?: string;
  environment?: string;
}

interface EventBody extends Content {
  id: string;
  traceId: string;
  parentObservationId?: string;
  name: string;
  startTime: string;
  level: 'DEFAULT' | 'WARNING' | 'ERROR';
  statusMessage?: string;
  environment?: string;
}

interface SpanBody extends EventBody {
  endTime: string;
}

interface GenerationBody extends SpanBody {
  model: string;
  modelParameters: Record<string, number | string | boolean | string[]>;
  completionStartTime?: string;
  usageDetails?: Record<string, number>;
}

/** An event of `POST /api/public/ingestion`. */
export type LegacyEvent =
  | Envelope<'trace-create', TraceBody>
  | Envelope<'span-create', SpanBody>
  | Envelope<'generation-create', GenerationBody>
  | Envelope<'event-create', EventBody>;

/** The deployment that every trace of this process names. */
export interface Deployment {
  /** Langfuse takes up to 40 lower-case letters, digits, `-` and `_`. */
  readonly environment?: string;
  readonly release?: string;
}

/**
 * Makes the events for a trace, the trace itself first.
 *
 * The request's input, output and metadata go into the trace; the span of the request has its times and its ending.
 */
export function makeLegacyEvents(trace: FinishedTrace, { environment, release }: Deployment): LegacyEvent[] {
  const common = { traceId: trace.id, ...(environment !== undefined && { environment }) };
  const [root] = trace.observations;
  if (root === undefined) return [];
  const events: LegacyEvent[] = [
    {
      // Not the trace's id: the trace of a caller can hold several requests.
      id: `${root.id}-trace`,
      type: 'trace-create',
      timestamp: formatIsoTime(root.endTime),
      body: {
        id: trace.id,
        timestamp: formatIsoTime(root.startTime),
        name: trace.name,
        ...(trace.userId !== undefined && { userId: trace.userId }),
        ...(trace.sessionId !== undefined && { sessionId: trace.sessionId }),
        tags: [...trace.tags],
        ...(release !== undefined && { release }),
        ...(environment !== undefined && { environment }),
        ...parseContent(root),
      },
    },
  ];
  for (const observation of trace.observations) {
    const parent = observation.parentId ?? trace.callerSpanId;
    const content = observation === root ? { metadata: {} } : parseContent(observation);
    events.push(
      makeObservationEvent(observation, { ...common, ...(parent && { parentObservationId: parent }), ...content }),
    );
    for (const [index, event] of observation.events.entries()) {
      events.push(
        makePointEvent(event, `${observation.id}-${index}`, { ...common, parentObservationId: observation.id }),
      );
    }
  }
  return events;
}

type EventPlace = Pick<EventBody, 'traceId' | 'parentObservationId' | 'environment'>;

function makeObservationEvent(observation: FinishedObservation, placed: EventPlace & Content): LegacyEvent {
  const { id, name, level, statusMessage, generation } = observation;
  const body: SpanBody = {
    ...placed,
    id,
    name,
    startTime: formatIsoTime(observation.startTime),
    endTime: formatIsoTime(observation.endTime),
    level,
    ...(statusMessage !== undefined && { statusMessage }),
  };
  const envelope = { id: `${id}-end`, timestamp: body.endTime };
  return generation === undefined
    ? { ...envelope, type: 'span-create', body }
    : { ...envelope, type: 'generation-create', body: makeGenerationBody(body, generation) };
}

function makeGenerationBody(body: SpanBody, generation: FinishedGeneration): GenerationBody {
  const { provider, model, answeredBy, parameters, usage, finishReason, firstTokenTime } = generation;
  return {
    ...body,
    metadata: {
      ...body.metadata,
      provider,
      ...(answeredBy !== undefined && { requested_model: model }),
      ...(finishReason !== undefined && { finish_reason: finishReason }),
    },
    model: answeredBy ?? model,
    modelParameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, typeof value === 'object' ? [...value] : value]),
    ),
    ...(firstTokenTime !== undefined && { completionStartTime: formatIsoTime(firstTokenTime) }),
    ...(usage !== undefined && { usageDetails: makeUsageBuckets(usage) }),
  };
}

function makePointEvent({ name, time, level, data }: FinishedEvent, id: string, placed: EventPlace): LegacyEvent {
  const timestamp = formatIsoTime(time);
  const body = { ...placed, id, name, startTime: timestamp, level, metadata: parseAllCaptured(data) };
  return { id: `${id}-event`, type: 'event-create', timestamp, body };
}

function parseContent({ input, output, metadata }: FinishedObservation): Content {
  return {
    ...(input !== undefined && { input: parseCaptured(input) }),
    ...(output !== undefined && { output: parseCaptured(output) }),
    metadata: parseAllCaptured(metadata),
  };
}

function formatIsoTime(time: number): string {
  return new Date(time).toISOString();
}
