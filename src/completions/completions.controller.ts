import { All, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AppConfig } from '../config/index.js';
import { MethodNotAllowedError } from '../errors/index.js';
import { recordOf } from '../http/index.js';
import { Clock, IdSource } from '../kernel/index.js';
import { Metrics } from '../metrics/index.js';
import { assertStreamOptionsAllowed, validateChatCompletionRequest } from '../protocol/index.js';
import { Gate } from '../streaming/index.js';
import { assertParametersTaken, type RunOrigin, WorkflowRegistry, WorkflowRunner } from '../workflow/index.js';
import { collectAnswer } from './collected-answer.js';
import { completionExamples, streamExample } from './completions.examples.js';
import { jsonBodyOf } from './json-body.js';
import { NODE_EVENTS_HEADER } from './node-events.js';
import { streamAnswer } from './streamed-answer.js';
import { toChatEvent } from './to-chat-event.js';
import { wantsStream } from './wants-stream.js';

/** Answers chat completions: each runs the workflow that `model` names. */
@ApiTags('Chat')
@Controller('v1/chat/completions')
export class CompletionsController {
  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly runner: WorkflowRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly metrics: Metrics,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'createChatCompletion',
    summary: 'Run a workflow and answer as an OpenAI model',
    description:
      'With `stream: true` the answer is a stream of server-sent events, sent as they are generated. Without `stream` it ' +
      'is one JSON object, except for names that stream by default (such as `default`) when `Accept` does not name ' +
      'application/json.',
  })
  @ApiBody({
    required: true,
    schema: { $ref: '#/components/schemas/ChatCompletionRequest' },
    examples: completionExamples,
  })
  @ApiResponse({
    status: 200,
    description: 'The answer.',
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/ChatCompletion' } },
      'text/event-stream': { schema: { $ref: '#/components/schemas/ChatCompletionChunk' }, example: streamExample },
    },
  })
  async create(@Req() request: Request, @Res() response: Response): Promise<void> {
    const body = validateChatCompletionRequest(jsonBodyOf(request));
    const name = this.registry.resolve(body.model);
    const { workflow } = name;
    const streams = wantsStream(body.stream, name, request.headers.accept);
    const record = recordOf(response);
    record.asks(workflow.id, streams);
    assertStreamOptionsAllowed(body, streams);
    const event = toChatEvent(body);
    assertParametersTaken(event.parameters, workflow.id, workflow.takes);

    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    if (response.destroyed) gone.abort();
    const head = {
      id: this.ids.completionId(),
      created: Math.floor(this.clock.now() / 1_000),
      model: body.model,
    };
    const gate = new Gate();
    const origin = originOf(request, response, streams);
    const events = this.runner.run(workflow, event, { id: head.id, signal: gone.signal, gate, origin });
    if (!streams) {
      const setTraceId = (id: string): unknown => response.setHeader('x-trace-id', id);
      record.runBegins();
      response.json(await collectAnswer(events, head, setTraceId, record));
      return;
    }
    const meter = this.metrics.stream(workflow.id, record.startedAt);
    record.runBegins(meter);
    const { debounceMs, heartbeatMs, openGraceMs } = this.config.stream;
    await streamAnswer(events, response, {
      head: { ...head, includeUsage: body.stream_options?.include_usage === true },
      gate,
      clock: this.clock,
      heartbeatMs,
      openGraceMs,
      debounceMs,
      nodeEvents: wantsNodeEvents(request),
      meter,
      record,
    });
  }

  @All()
  @ApiExcludeEndpoint()
  otherMethods(): never {
    throw new MethodNotAllowedError(['POST']);
  }
}

function wantsNodeEvents(request: Request): boolean {
  return request.get(NODE_EVENTS_HEADER)?.trim().toLowerCase() === 'true';
}

function originOf(request: Request, response: Response, streamed: boolean): RunOrigin {
  const sessionId = request.get('x-session-id');
  const traceparent = request.get('traceparent');
  return {
    requestId: String(response.getHeader('x-request-id') ?? ''),
    streamed,
    ...(sessionId !== undefined && { sessionId }),
    ...(traceparent !== undefined && { traceparent }),
  };
}
