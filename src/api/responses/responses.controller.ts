import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { OpenApi } from '../../http/index.js';
import { type RunEvents, type RunOptions, RunService } from '../../runs/index.js';
import { RequestIntake, startRun, WholeResponses } from '../wire/index.js';
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
      const decoded = await this.decoder.decode(request, response, taken);
      if (decoded.outputs !== undefined) return this.logged.answer(decoded, decoded.outputs, taken, response);
      if (decoded.isLogged) return this.logged.create(decoded, taken, request, response);
      const start = (options?: Pick<RunOptions, 'gate'>): RunEvents =>
        startRun(this.runs, decoded, taken, response, options);
      if (decoded.streams) return this.streamer.stream(decoded, taken.caller, response, start);
      const setTraceId = (id: string): unknown => response.setHeader('x-trace-id', id);
      return this.wholeResponses.send(request, response, taken, async () =>
        JSON.stringify(await this.collector.collect(start(), decoded, taken.caller, setTraceId)),
      );
    });
  }
}
