import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppConfig } from '../../config/index.js';
import { InvalidRequestError } from '../../errors/index.js';
import { findRecord } from '../../http/index.js';
import { Clock, IdSource, isPresent } from '../../kernel/index.js';
import type { RunOrigin } from '../../runs/index.js';
import {
  assertParametersTaken,
  type RunRequest,
  type CompiledWorkflow,
  type WorkflowName,
  WorkflowRegistry,
} from '../../workflow/index.js';
import {
  type CallOutput,
  makeCannotWaitError,
  ON_DISCONNECT_HEADER,
  type OnDisconnect,
  readOnDisconnect,
  readOrigin,
  type TakenRequest,
  wantsNodeEvents,
} from '../wire/index.js';
import { assertStreamOptionsAllowed, type ChatCompletionRequest } from './dto/index.js';
import { dropWaitTools, findCallOutputs } from './find-call-outputs.js';
import { validateChatCompletionRequest } from './validate-chat-completion-request.js';

/** What is known about a completion before its run starts. */
export interface CompletionHead {
  /** Id of the completion and of its run: `chatcmpl-` and 24 hex digits. */
  readonly id: string;
  /** Whole seconds since the Unix epoch. */
  readonly created: number;
  /** The name that the client asked for. */
  readonly model: string;
}

/** A request of this door, decoded. */
export interface DecodedRequest {
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  readonly head: CompletionHead;
  readonly origin: RunOrigin;
  /** True if the response is a stream. */
  readonly streams: boolean;
  /** True if the client wants the usage at the end of the stream. */
  readonly includeUsage: boolean;
  /** True if the client wants node events in the stream. */
  readonly nodeEvents: boolean;
  /** What happens to its run without a reader; undefined: the client did not say. */
  readonly onDisconnect: OnDisconnect | undefined;
  /** True if its run is logged. */
  readonly isLogged: boolean;
  /** The outputs that answer a waiting run, which continues in place of a new run. Undefined: a run begins. */
  readonly outputs: readonly CallOutput[] | undefined;
}

/** Reads chat completion requests. */
@Injectable()
export class CompletionsDecoder {
  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {}

  /**
   * Checks a request, and finds the workflow that it asks for.
   * @throws InvalidRequestError, ModelNotFoundError, ForbiddenError
   */
  decode(request: Request, response: Response, { body: json, caller }: TakenRequest): DecodedRequest {
    const body = validateChatCompletionRequest(json);
    const name = this.registry.resolveServed(body.model);
    const { workflow } = name;
    const streams = wantsStream(body, name, request.headers.accept);
    findRecord(response).setWorkflow(workflow.id, streams);
    // Checked first: later faults would reveal that the workflow exists.
    caller.assertMayUse(workflow.id, body.model);
    assertStreamOptionsAllowed(body, streams);
    const runRequest = makeRunRequest(body, workflow);
    assertParametersTaken(runRequest.parameters, workflow.id, workflow.takes);
    const onDisconnect = readOnDisconnect(request);
    const canWait = workflow.waits.length > 0;
    const isLogged = onDisconnect !== undefined || canWait;
    if (isLogged && !this.config.store.isOn) throw canWait ? makeCannotWaitError(workflow.id) : makeKeepsNothingError();
    return {
      workflow,
      request: runRequest,
      head: {
        id: `chatcmpl-${this.ids.runId()}`,
        created: Math.floor(this.clock.now() / 1_000),
        model: body.model,
      },
      origin: readOrigin(request, response, { streamed: streams, caller, access: this.config.access }),
      streams,
      includeUsage: body.stream_options?.include_usage === true,
      nodeEvents: wantsNodeEvents(request),
      onDisconnect,
      isLogged,
      outputs: findCallOutputs(body.messages, workflow),
    };
  }
}

function makeKeepsNothingError(): InvalidRequestError {
  return new InvalidRequestError(
    `The header ${ON_DISCONNECT_HEADER} has no effect here: this server stores nothing (RUNS is off). Leave the header out, and stay connected.`,
    { code: 'runs_disabled' },
  );
}

/**
 * Separates the conversation from the parameters, and removes the tools that represent waits, which no model may get.
 */
function makeRunRequest(request: ChatCompletionRequest, workflow: CompiledWorkflow): RunRequest {
  const { model, messages, stream: _stream, stream_options: _options, ...parameters } = request;
  return { model, messages, parameters: dropWaitTools(parameters, workflow) };
}

/**
 * Decides whether the response is a stream. `stream` decides if it is given. If it is absent or null, OpenAI's rule is one JSON
 * object; only a workflow that streams by default then streams, unless the Accept header names application/json, as all OpenAI
 * SDKs send it. Accept never overrules `stream`: the SDKs send application/json for streams too (openai-node 4 to 7).
 */
function wantsStream(
  { stream }: Pick<ChatCompletionRequest, 'stream'>,
  { streamByDefault }: Pick<WorkflowName, 'streamByDefault'>,
  accept: string | undefined,
): boolean {
  if (isPresent(stream)) return stream;
  return streamByDefault && !/\bapplication\/json\b/i.test(accept ?? '');
}
