import { All, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AccessControl, Admission, type Caller, type Permit } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { MethodNotAllowedError, RunAbortedError } from '../../errors/index.js';
import { isSent, findRecord, type RequestRecord } from '../../http/index.js';
import { type AbortNotice, Cancellation, Clock, IdSource } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import { type RunEvents, type RunOptions, type RunOrigin, RunService } from '../../runs/index.js';
import { Gate } from '../../streaming/index.js';
import {
  assertParametersTaken,
  type ChatEvent,
  type CompiledWorkflow,
  WorkflowRegistry,
} from '../../workflow/index.js';
import { readIdempotencyKey, IdempotentAnswers, JsonBodyReader } from '../wire/index.js';
import { collectAnswer, type CompletionHead } from './completions.collector.js';
import { DescribeCompletion } from './describe-completion.js';
import { assertStreamOptionsAllowed, type ChatCompletion } from './dto/index.js';
import { NODE_EVENTS_HEADER } from './node-events.js';
import { originOf } from './origin.js';
import { keptAnswerOf, repeatAnswer } from './repeated-answer.js';
import { streamAnswer, type StreamedAnswerOptions } from './streamed-answer.js';
import { toChatEvent } from './to-chat-event.js';
import { validateChatCompletionRequest } from './validate-chat-completion-request.js';
import { wantsStream } from './wants-stream.js';

/** A completion that was asked for, and may be. */
interface AskedCompletion {
  readonly workflow: CompiledWorkflow;
  readonly event: ChatEvent;
  readonly permit: Permit;
  readonly head: CompletionHead;
  readonly origin: RunOrigin;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
}

/** A request that was let in, was read, and has a place among the runs. */
interface Admitted {
  /** As parsed; undefined if there is none. */
  readonly body: unknown;
  readonly caller: Caller;
  readonly permit: Permit;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
}

/** Answers chat completions: each runs the workflow that `model` names. */
@ApiTags('Chat')
@Controller('v1/chat/completions')
export class CompletionsController {
  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly runner: RunService,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly metrics: Metrics,
    private readonly access: AccessControl,
    private readonly admission: Admission,
    private readonly answers: IdempotentAnswers,
    private readonly bodies: JsonBodyReader,
  ) {}

  @Post()
  @HttpCode(200)
  @DescribeCompletion()
  async create(@Req() request: Request, @Res() response: Response): Promise<void> {
    const head = this.bodies.readHead(request);
    const caller = this.access.requireCaller(request);
    const signal = signalOfLeaving(response);
    // Before the body is read, which is then bounded by the memory for bodies.
    const endWait = this.runner.whileWaiting(signal);
    let permit: Permit | undefined;
    try {
      const admitted = this.admission.admit(caller, response, signal);
      permit = admitted instanceof Promise ? await admitted : admitted;
      const read = head && (await this.bodies.read(request, head, caller, permit, signal));
      const turn = permit.enter(signal);
      if (turn !== undefined) await turn;
      const body = read && (await this.bodies.parse(read, signal));
      endWait();
      await this.#answer(request, response, { body, caller, permit, signal });
    } catch (error) {
      // Where a run was begun, it has ended it already.
      permit?.end();
      throw error;
    } finally {
      endWait();
    }
  }

  @All()
  @ApiExcludeEndpoint()
  otherMethods(): never {
    throw new MethodNotAllowedError(['POST']);
  }

  async #answer(request: Request, response: Response, { body: json, caller, permit, signal }: Admitted): Promise<void> {
    const body = validateChatCompletionRequest(json);
    const name = this.registry.resolve(body.model);
    const { workflow } = name;
    const streams = wantsStream(body.stream, name, request.headers.accept);
    const record = findRecord(response);
    record.asks(workflow.id, streams);
    // Before anything that only a workflow which is there could complain of.
    caller.assertMayUse(workflow.id, body.model);
    assertStreamOptionsAllowed(body, streams);
    const event = toChatEvent(body);
    assertParametersTaken(event.parameters, workflow.id, workflow.takes);

    const asked: AskedCompletion = {
      workflow,
      event,
      permit,
      head: { id: this.ids.completionId(), created: Math.floor(this.clock.now() / 1_000), model: body.model },
      origin: originOf(request, response, streams, caller, this.config.access),
      signal,
    };
    if (streams) {
      await this.#stream(asked, response, body.stream_options?.include_usage === true, wantsNodeEvents(request));
      return;
    }
    const key = readIdempotencyKey(request.get('idempotency-key'));
    if (key === undefined) {
      response.json(await this.#collect(asked, response));
      return;
    }
    const failedNode = (): string | undefined => record.failure?.node;
    const { answer, isReplayed } = await this.answers.answer({ caller, key, body, signal, failedNode }, async () =>
      keptAnswerOf(await this.#collect(asked, response), response),
    );
    if (isReplayed) {
      permit.cancel();
      record.repeats(answer.failure);
    }
    repeatAnswer(answer, isReplayed, response);
  }

  async #collect(asked: AskedCompletion, response: Response): Promise<ChatCompletion> {
    const record = findRecord(response);
    const events = this.#run(asked);
    const setTraceId = (id: string): unknown => response.setHeader('x-trace-id', id);
    record.runBegins(asked.head.id);
    return collectAnswer(events, asked.head, setTraceId, endingOf(record, asked.permit));
  }

  async #stream(asked: AskedCompletion, response: Response, includeUsage: boolean, nodeEvents: boolean): Promise<void> {
    const record = findRecord(response);
    const { debounceMs, heartbeatMs, openGraceMs } = this.config.stream;
    const gate = new Gate();
    const events = this.#run(asked, { gate, failFastMs: openGraceMs });
    const meter = this.metrics.stream(asked.workflow.id, record.startedAt);
    record.runBegins(asked.head.id, meter);
    await streamAnswer(events, response, {
      head: { ...asked.head, includeUsage },
      gate,
      clock: this.clock,
      heartbeatMs,
      openGraceMs,
      debounceMs,
      nodeEvents,
      meter,
      record: endingOf(record, asked.permit),
    });
  }

  #run(
    { workflow, event, head, origin, signal, permit }: AskedCompletion,
    options: Pick<RunOptions, 'gate' | 'failFastMs'> = {},
  ): RunEvents {
    const { estimatesTokens } = permit;
    return this.runner.start(workflow, event, { ...options, id: head.id, signal, origin, estimatesTokens });
  }
}

function wantsNodeEvents(request: Request): boolean {
  return request.get(NODE_EVENTS_HEADER)?.trim().toLowerCase() === 'true';
}

/** Aborts when the client leaves before it has the whole answer. */
function signalOfLeaving(response: Response): Cancellation {
  const gone = new Cancellation();
  response.once('close', () => {
    if (!isSent(response)) gone.abort(GONE);
  });
  if (response.destroyed) gone.abort(GONE);
  return gone;
}

const GONE = new RunAbortedError('client_disconnected');

/** The end of a run is told to all whom it concerns. Each run has exactly one, however it ends. */
function endingOf(record: RequestRecord, permit: Permit): StreamedAnswerOptions['record'] {
  return {
    runEnded: (outcome, ending) => {
      record.runEnded(outcome, ending);
      permit.end(ending.usage, ending.untoldTokens);
    },
    failedAfter: (events) => record.failedAfter(events),
  };
}
