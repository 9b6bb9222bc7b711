import { Injectable } from '@nestjs/common';
import { isJsonObject } from '../../kernel/index.js';
import { type TraceHandle, Tracer, type TraceStart } from '../../tracing/index.js';
import type { CompiledWorkflow, RunRequest } from '../../workflow/index.js';
import type { RunOrigin } from '../run-options.js';

/** Longest id of a user or session that tracing backends take, in characters. */
const MAX_ID_LENGTH = 200;

/** Begins the traces of runs, whose ids are known before the first event. */
@Injectable()
export class TraceStarter {
  constructor(private readonly tracer: Tracer) {}

  /** @returns undefined if the run is not traced */
  start(
    workflow: CompiledWorkflow,
    request: RunRequest,
    runId: string,
    origin: RunOrigin | undefined,
  ): TraceHandle | undefined {
    if (!this.tracer.enabled || !workflow.traced) return undefined;
    return this.tracer.startTrace(makeTraceStart(workflow, request, runId, origin));
  }
}

/** Makes the beginning of a trace: the end user, the session and the input. */
function makeTraceStart(
  workflow: Pick<CompiledWorkflow, 'id' | 'version'>,
  { model, messages, parameters }: RunRequest,
  runId: string,
  {
    requestId,
    streamed,
    userId: gatewayUser,
    gatewaySessionId,
    sessionId: header,
    traceparent,
    traceId,
  }: RunOrigin = {},
): TraceStart {
  const metadata = isJsonObject(parameters['metadata']) ? parameters['metadata'] : {};
  const userId = readId(gatewayUser) ?? readId(parameters['user']) ?? readId(parameters['safety_identifier']);
  const sessionId = readId(gatewaySessionId) ?? readId(metadata['session_id']) ?? readId(header);
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
    ...(traceId !== undefined && { continues: traceId }),
    metadata: { ...metadata, run_id: runId, model, ...(requestId !== undefined && { request_id: requestId }) },
  };
}

function readId(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  // Control characters in an id break the lists in which people search for it.
  const id = value.replace(/\p{Cc}/gu, '').slice(0, MAX_ID_LENGTH);
  return id === '' ? undefined : id;
}
