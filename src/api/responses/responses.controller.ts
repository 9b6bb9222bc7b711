import { All, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { MethodNotAllowedError } from '../../errors/index.js';
import { findRecord, OpenApi } from '../../http/index.js';
import { type RunEvents, type RunOptions, RunService } from '../../runs/index.js';
import { RequestIntake, type TakenRequest, WholeResponses } from '../wire/index.js';
import type { DecodedRequest } from './decoded-request.js';
import { DescribeResponse } from './describe-response.js';
import { LoggedResponsesResponder } from './logged/logged-responses.responder.js';
import { ResponsesCollector } from './responses.collector.js';
import { ResponsesDecoder } from './responses.decoder.js';
import { RESPONSES_PATH } from './responses.path.js';
import { ResponsesStreamer } from './responses.streamer.js';

/** Answers requests for responses: each runs the workflow that `model` names. */
@OpenApi(({ ApiTags }) => [ApiTags('Responses')])
@Controller(RESPONSES_PATH)
export class ResponsesController {
  constructor(
    private readonly intake: RequestIntake,
    private readonly decoder: ResponsesDecoder,
    private readonly runs: RunService,
    private readonly streamer: ResponsesStreamer,
    private readonly collector: ResponsesCollector,
    private readonly wholeResponses: WholeResponses,
    private readonly logged: LoggedResponsesResponder,
  ) {}

  @Post()
  @HttpCode(200)
  @DescribeResponse()
  create(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      const asked = await this.decoder.decode(request, response, taken);
      if (asked.outputs !== undefined) {
        await this.logged.answer(asked, asked.outputs, taken, response);
        return;
      }
      if (asked.isLogged) {
        await this.logged.create(asked, taken, request, response);
        return;
      }
      if (asked.streams) {
        const start = (options: Pick<RunOptions, 'gate'>): RunEvents => this.#start(asked, taken, response, options);
        await this.streamer.stream(asked, taken.caller, response, start);
        return;
      }
      const setTraceId = (id: string): unknown => response.setHeader('x-trace-id', id);
      await this.wholeResponses.send(request, response, taken, async () => {
        const events = this.#start(asked, taken, response);
        return JSON.stringify(await this.collector.collect(events, asked, taken.caller, setTraceId));
      });
    });
  }

  @All()
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethods(): never {
    throw new MethodNotAllowedError(['POST']);
  }

  #start(
    { workflow, request, head, origin }: DecodedRequest,
    { permit, signal }: TakenRequest,
    response: Response,
    { gate }: Pick<RunOptions, 'gate'> = {},
  ): RunEvents {
    const record = findRecord(response);
    return this.runs.start(workflow, request, { id: head.id, gate, signal, origin, permit, record });
  }
}
