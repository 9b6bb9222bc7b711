import type { TraceStart } from '../tracing/index.js';
import type { ChatEvent } from './chat-event.js';

/** Longest id of a user or session that tracing backends take, in characters. */
const MAX_ID_LENGTH = 200;

/** What a trace is told about a request: who asks, in which session, and what. */
export function traceStartOf(workflow: string, runId: string, { model, messages, parameters }: ChatEvent): TraceStart {
  const metadata = isRecord(parameters['metadata']) ? parameters['metadata'] : {};
  const userId = idOf(parameters['user']) ?? idOf(parameters['safety_identifier']);
  const sessionId = idOf(metadata['session_id']);
  return {
    name: workflow,
    input: messages,
    ...(userId !== undefined && { userId }),
    ...(sessionId !== undefined && { sessionId }),
    metadata: { ...metadata, run_id: runId, model },
  };
}

function idOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  // Control characters in an id break the lists in which people look for it.
  const id = value.replace(/\p{Cc}/gu, '').slice(0, MAX_ID_LENGTH);
  return id === '' ? undefined : id;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
