import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { OpenApi } from '../../http/index.js';
import { RunService } from '../../runs/index.js';
import { RequestIntake, startRun, type TakenRequest, WholeResponses } from '../wire/index.js';
import { collectCompletion } from './completions.collector.js';
import { CompletionsDecoder, type DecodedRequest } from './completions.decoder.js';
import { COMPLETIONS_PATH } from './completions.path.js';
import { CompletionsStreamer } from './completions.streamer.js';
import { DescribeCompletion } from './describe-completion.js';
import type { ChatCompletion } from './dto/index.js';
import { LoggedCompletionsResponder } from './logged/logged-completions.responder.js';

/** `POST /v1/chat/completions`: runs the workflow that `model` names. */
@OpenApi(({ ApiTags }) => [ApiTags('Chat')])
@Controller(COMPLETIONS_PATH)
export class CompletionsController {
  constructor(
    private readonly intake: RequestIntake,
    private readonly decoder: CompletionsDecoder,
    private readonly runs: RunService,
    private readonly streamer: CompletionsStreamer,
    private readonly wholeResponses: WholeResponses,
    private readonly logged: LoggedCompletionsResponder,
  ) {}

  @Post()
  @HttpCode(200)
  @DescribeCompletion()
  create(@Req() request: Request, @Res() response: Response): Promise<void> {
    // Not an async function: each waiting one takes half a kilobyte for each open stream.
    return this.intake.take(request, response, (taken) => {
      const decoded = this.decoder.decode(request, response, taken);
      if (decoded.outputs !== undefined) return this.logged.answer(decoded, decoded.outputs, taken, response);
      if (decoded.isLogged) return this.logged.create(decoded, taken, request, response);
      if (decoded.streams) {
        return this.streamer.stream(decoded, response, (options) =>
          startRun(this.runs, decoded, taken, response, options),
        );
      }
      const collect = async (): Promise<string> => JSON.stringify(await this.#collect(decoded, taken, response));
      return this.wholeResponses.send(request, response, taken, collect);
    });
  }

  #collect(decoded: DecodedRequest, taken: TakenRequest, response: Response): Promise<ChatCompletion> {
    const setTraceId = (id: string): unknown => response.setHeader('x-trace-id', id);
    return collectCompletion(startRun(this.runs, decoded, taken, response), decoded.head, setTraceId);
  }
}
