import { All, Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { InvalidRequestError, NotFoundError, UnknownRouteError } from '../../errors/index.js';
import { OpenApi, readPathParameter, readQuery } from '../../http/index.js';
import { addRunHeaders, JsonBodyReader, LogStreamer, readFlag, readPosition, watchClient } from '../wire/index.js';
import {
  DescribeRetrieveResponse,
  DescribeDeleteResponse,
  DescribeListInputItems,
  DescribeCancelResponse,
} from './describe-stored-response.js';
import { listItems } from './list-items.js';
import { LoggedResponses } from './logged/logged-responses.service.js';
import { ResponseLogFold } from './logged/response-log-fold.js';
import { RESPONSES_PATH } from './responses.path.js';
import { ResponseState, type StoredResponse } from './state/response-state.js';

/** Routes of other servers that would otherwise be taken for ids. */
const OTHER_ROUTES = ['compact', 'input_tokens'];

/** Returns and removes stored responses. */
@OpenApi(({ ApiTags }) => [ApiTags('Responses')])
@Controller(RESPONSES_PATH)
export class StoredResponsesController {
  constructor(
    private readonly access: AccessControl,
    private readonly state: ResponseState,
    private readonly logged: LoggedResponses,
    private readonly streamer: LogStreamer,
    private readonly bodies: JsonBodyReader,
  ) {}

  @Get(':id')
  @DescribeRetrieveResponse()
  async retrieve(@Req() request: Request, @Res() response: Response): Promise<void> {
    if (readFlag(request, 'stream')) {
      await this.#stream(request, response);
      return;
    }
    await this.#tellRun(request, response);
    response.json((await this.#find(request)).response);
  }

  @Delete(':id')
  @DescribeDeleteResponse()
  async remove(@Req() request: Request, @Res() response: Response): Promise<void> {
    const id = readPathParameter(request, 'id');
    if (!(await this.state.remove(id, this.access.requireCaller(request)))) throw makeNotFoundError(id);
    response.json({ id, object: 'response', deleted: true });
  }

  @Get(':id/input_items')
  @DescribeListInputItems()
  async listInputItems(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { context } = await this.#find(request);
    response.json(listItems(context, readQuery(request)));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @DescribeCancelResponse()
  async cancel(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.bodies.readSmall(request, watchClient(response));
    const cancelled = await this.logged.cancel(readPathParameter(request, 'id'), this.access.requireCaller(request));
    if (cancelled !== undefined) {
      await this.#tellRun(request, response);
      response.json(cancelled);
      return;
    }
    const { response: found } = await this.#find(request);
    throw new InvalidRequestError(
      found['status'] === 'completed'
        ? 'Cannot cancel a completed response.'
        : 'Cannot cancel this response: it does not run in the background.',
    );
  }

  @All(OTHER_ROUTES)
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  refuse(@Req() request: Request): never {
    throw new UnknownRouteError(request.method, request.path);
  }

  async #stream(request: Request, response: Response): Promise<void> {
    const { after, isReconnect } = readPosition(request, 'starting_after', 'sequence_number');
    const found = await this.logged.find(readPathParameter(request, 'id'), this.access.requireCaller(request));
    if (found !== undefined) {
      const options = { after, hasIds: true, isLater: true, endsEmpty: isReconnect, countsFrames: true };
      await this.streamer.stream(found, new ResponseLogFold(found), response, options);
      return;
    }
    const { response: stored } = await this.#find(request);
    const reason =
      stored['background'] === true
        ? 'its events have expired, or made room for newer ones'
        : 'it did not run in the background';
    throw new InvalidRequestError(`This response cannot be streamed again: ${reason}. Leave \`stream\` out.`, {
      param: 'stream',
    });
  }

  /** Names the run of a response that was in the background. */
  async #tellRun(request: Request, response: Response): Promise<void> {
    const found = await this.logged.find(readPathParameter(request, 'id'), this.access.requireCaller(request));
    if (found !== undefined) addRunHeaders(response, found.run.id);
  }

  /** @throws NotFoundError if this caller may see none */
  async #find(request: Request): Promise<StoredResponse> {
    const id = readPathParameter(request, 'id');
    const found = await this.state.find(id, this.access.requireCaller(request));
    if (found === undefined) throw makeNotFoundError(id);
    return found;
  }
}

function makeNotFoundError(id: string): NotFoundError {
  return new NotFoundError(`Response with id '${id.slice(0, 64)}' not found.`);
}
