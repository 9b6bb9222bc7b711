import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { NotFoundError } from '../../errors/index.js';
import { OpenApi, readPathParameter } from '../../http/index.js';
import { readFlag } from '../wire/index.js';
import { COMPLETIONS_PATH } from './completions.path.js';
import { DescribeRetrieval } from './describe-retrieval.js';
import { LoggedCompletions } from './logged/logged-completions.service.js';
import { LoggedCompletionsResponder } from './logged/logged-completions.responder.js';

/** Returns completions of logged runs, again or for the first time. */
@OpenApi(({ ApiTags }) => [ApiTags('Chat')])
@Controller(COMPLETIONS_PATH)
export class StoredCompletionsController {
  constructor(
    private readonly access: AccessControl,
    private readonly completions: LoggedCompletions,
    private readonly responder: LoggedCompletionsResponder,
  ) {}

  @Get(':id')
  @DescribeRetrieval()
  async retrieve(@Req() request: Request, @Res() response: Response): Promise<void> {
    const streams = readFlag(request, 'stream');
    const id = readPathParameter(request, 'id');
    const segment = await this.completions.find(id, this.access.requireCaller(request));
    if (segment === undefined) {
      throw new NotFoundError(
        `Completion with id '${id.slice(0, 64)}' not found. Only completions of requests with the header millrace-on-disconnect, or of workflows that wait for answers, are stored.`,
      );
    }
    if (streams) await this.responder.stream(segment, request, response);
    else await this.responder.sendEnded(segment, response);
  }
}
