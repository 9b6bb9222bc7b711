import type { TraceStart } from '../tracing/index.js';
import type { ChatEvent, CompiledWorkflow } from '../workflow/index.js';

/** What is known of the request behind a run, beside its body. All of it came from outside. */
export interface RunOrigin {
  /** The id by which logs and the client know the request. */
  readonly requestId?: string;
  /** True if the answer is streamed. */
  readonly streamed?: boolean;
  /** Who asks, as a trusted gateway says; wins over the body. */
  readonly userId?: string;
  /** The session, as a trusted gateway says; wins over the body. */
  readonly gatewaySessionId?: string;
  /** The session, as a header says; the body's wins over it. */
  readonly sessionId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** Longest id of a user or session that tracing backends take, in characters. */
const MAX_ID_LENGTH = 200;

/** What a trace is told about a request: who asks, in which session, and what. */
export function traceStartOf(
  workflow: Pick<CompiledWorkflow, 'id' | 'version'>,
  { model, messages, parameters }: ChatEvent,
  runId: string,
  { requestId, streamed, userId: gatewayUser, gatewaySessionId, sessionId: header, traceparent }: RunOrigin = {},
): TraceStart {
  const metadata = isRecord(parameters['metadata']) ? parameters['metadata'] : {};
  const userId = idOf(gatewayUser) ?? idOf(parameters['user']) ?? idOf(parameters['safety_identifier']);
  const sessionId = idOf(gatewaySessionId) ?? idOf(metadata['session_id']) ?? idOf(header);
  return {
    name: workflow.id,
    input: messages,
    tags: [
      ...(streamed === undefined ? [] : [streamed ? 'stream' : 'sync']),
      ...(workflow.version === undefined ? [] : [`version:${workflow.version}`]),
    ],
    ...(userId !== undefined && { userId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(traceparent !== undefined && { traceparent }),
    metadata: { ...metadata, run_id: runId, model, ...(requestId !== undefined && { request_id: requestId }) },
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
