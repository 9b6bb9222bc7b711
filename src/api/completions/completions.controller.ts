import { All, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { MethodNotAllowedError } from '../../errors/index.js';
import { findRecord, OpenApi } from '../../http/index.js';
import { type RunEvents, type RunOptions, RunService } from '../../runs/index.js';
import { IdempotentResponses, readIdempotencyKey, RequestIntake, type TakenRequest } from '../wire/index.js';
import { collectCompletion } from './completions.collector.js';
import { CompletionsDecoder, type DecodedRequest } from './completions.decoder.js';
import { COMPLETIONS_PATH } from './completions.path.js';
import { CompletionsStreamer } from './completions.streamer.js';
import { DescribeCompletion } from './describe-completion.js';
import type { ChatCompletion } from './dto/index.js';
import { keepCompletion, repeatResponse } from './keep-completion.js';

/** Answers chat completions: each runs the workflow that `model` names. */
@OpenApi(({ ApiTags }) => [ApiTags('Chat')])
@Controller(COMPLETIONS_PATH)
export class CompletionsController {
  constructor(
    private readonly intake: RequestIntake,
    private readonly decoder: CompletionsDecoder,
    private readonly runs: RunService,
    private readonly streamer: CompletionsStreamer,
    private readonly answers: IdempotentResponses,
  ) {}

  @Post()
  @HttpCode(200)
  @DescribeCompletion()
  create(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      const asked = this.decoder.decode(request, response, taken);
      if (asked.streams) {
        await this.streamer.stream(asked, response, (options) => this.#start(asked, taken, response, options));
        return;
      }
      const key = readIdempotencyKey(request.get('idempotency-key'));
      if (key === undefined) response.json(await this.#collect(asked, taken, response));
      else await this.#answerOnce(key, asked, taken, response);
    });
  }

  @All()
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethods(): never {
    throw new MethodNotAllowedError(['POST']);
  }

  async #answerOnce(key: string, asked: DecodedRequest, taken: TakenRequest, response: Response): Promise<void> {
    const record = findRecord(response);
    const failedNode = (): string | undefined => record.failure?.node;
    const { answer, isReplayed } = await this.answers.respond({ ...taken, key, failedNode }, async () =>
      keepCompletion(await this.#collect(asked, taken, response), response),
    );
    if (isReplayed) {
      taken.permit.cancel();
      record.repeats(answer.failure);
    }
    repeatResponse(answer, isReplayed, response);
  }

  #collect(asked: DecodedRequest, taken: TakenRequest, response: Response): Promise<ChatCompletion> {
    const setTraceId = (id: string): unknown => response.setHeader('x-trace-id', id);
    return collectCompletion(this.#start(asked, taken, response), asked.head, setTraceId);
  }

  #start(
    { workflow, request, head, origin }: DecodedRequest,
    { permit, signal }: TakenRequest,
    response: Response,
    { gate, failFastMs }: Pick<RunOptions, 'gate' | 'failFastMs'> = {},
  ): RunEvents {
    const record = findRecord(response);
    // Written out here and wherever each request comes by: V8 takes up to 10 µs for a spread (docs/performance.md).
    return this.runs.start(workflow, request, { id: head.id, gate, failFastMs, signal, origin, permit, record });
  }
}
