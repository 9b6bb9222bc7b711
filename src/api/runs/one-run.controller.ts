import { All, Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { InvalidRequestError, MethodNotAllowedError, TicketError } from '../../errors/index.js';
import { DoorsPlace, findRecord, OpenApi, readPathParameter, readQuery } from '../../http/index.js';
import { addRunHeaders, assertReached, JsonBodyReader, LogStreamer, readPosition, watchClient } from '../wire/index.js';
import { makeLogExpiredError } from './log-expired.js';
import { NativeRuns } from './native-runs.service.js';
import { RunEncoder } from './runs.encoder.js';
import { completedExample, eventExample, RUN_ID_PARAMETER, streamExample } from './runs.examples.js';
import { RUNS_PATH } from './runs.path.js';
import { readTtl } from './tickets/read-ttl.js';
import { RunTickets } from './tickets/run-tickets.service.js';

/** The parameter that only the events of a run accept in place of a key. */
const EVENTS_PATH = new RegExp(`^${RUNS_PATH}/[^/]+/events/?$`, 'i');

/** Shows one run, streams its events, ends it and removes it. */
@OpenApi(({ ApiTags }) => [ApiTags('Runs')])
@Controller(RUNS_PATH)
export class OneRunController {
  constructor(
    private readonly access: AccessControl,
    private readonly runs: NativeRuns,
    private readonly tickets: RunTickets,
    private readonly streamer: LogStreamer,
    private readonly bodies: JsonBodyReader,
    private readonly place: DoorsPlace,
    private readonly config: AppConfig,
  ) {
    access.admitGuests(
      ({ method, baseUrl, path, query }) =>
        (method === 'GET' || method === 'HEAD') &&
        query['ticket'] !== undefined &&
        EVENTS_PATH.test(`${baseUrl}${path}`.slice(place.path.length)),
    );
  }

  @Get(':id')
  @OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
    ApiOperation({ operationId: 'retrieveRun', summary: 'Get a run as it is now' }),
    ApiParam(RUN_ID_PARAMETER),
    ApiQuery({
      name: 'include',
      required: false,
      description: 'Adds `steps`: one entry for each step that has begun.',
      schema: { type: 'string', enum: ['steps'] },
    }),
    ApiResponse({
      status: 200,
      description: 'The run.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Run' }, example: completedExample } },
    }),
  ])
  async retrieve(@Req() request: Request, @Res() response: Response): Promise<void> {
    const hasSteps = readWord(request, 'include', 'steps');
    const caller = this.access.requireCaller(request);
    const run = await this.runs.find(readPathParameter(request, 'id'), caller.id);
    const steps = caller.mayInspect(this.config.access.inspect) ? 'all' : 'shown';
    this.#tell(response, run.id);
    response.json(await this.runs.describe(run, hasSteps ? steps : undefined));
  }

  @Delete(':id')
  @OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'deleteRun',
      summary: 'Remove a run and all its data',
      description: 'A run that has not ended is cancelled first.',
    }),
    ApiParam(RUN_ID_PARAMETER),
    ApiResponse({
      status: 200,
      description: 'The run was removed.',
      schema: { type: 'object', example: { id: completedExample.id, object: 'run', deleted: true } },
    }),
  ])
  async remove(@Req() request: Request, @Res() response: Response): Promise<void> {
    const id = readPathParameter(request, 'id');
    await this.runs.remove(id, this.access.requireCaller(request).id);
    this.#tell(response, id);
    response.json({ id, object: 'run', deleted: true });
  }

  @Get(':id/events')
  @OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
    ApiOperation({
      operationId: 'streamRunEvents',
      summary: 'Read the events of a run: stored ones at once, then new ones',
      description: `Each event has its number as \`id\`, so that an EventSource continues by itself after a disconnect (\`Last-Event-ID\`); the greater
of that and \`after\` counts. The last event is \`run-finished\` or \`run-failed\`; then the connection ends, and a browser that reconnects gets a 204, which stops it. A run that waits for an answer may wait for days, and its stream with it. Lines that begin with a colon are comments that keep the connection alive.

\`\`\`
${streamExample}
\`\`\``,
    }),
    ApiParam(RUN_ID_PARAMETER),
    ApiQuery({
      name: 'after',
      required: false,
      description: 'Number of the last event that you already have.',
      schema: { type: 'integer', minimum: 0 },
    }),
    ApiQuery({
      name: 'until',
      required: false,
      description:
        '`wait`: the stream also ends after `run-waiting`. A client that reconnects while the run waits without new events gets a 204.',
      schema: { type: 'string', enum: ['wait'] },
    }),
    ApiQuery({
      name: 'ticket',
      required: false,
      description: 'In place of an API key, for clients that cannot send headers.',
      type: String,
    }),
    ApiResponse({
      status: 200,
      description: 'The stream. The schema is that of the data of one event.',
      content: {
        'text/event-stream': { schema: { $ref: '#/components/schemas/RunEvent' }, example: eventExample },
      },
    }),
    ApiResponse({
      status: 204,
      description: 'The run has ended, or waits with `until=wait`, and the browser has its last event.',
    }),
  ])
  async events(@Req() request: Request, @Res() response: Response): Promise<void> {
    const id = readPathParameter(request, 'id');
    const owner = await this.#findReader(request, id);
    const position = readPosition(request, 'after', 'number');
    const untilWait = readWord(request, 'until', 'wait');
    const run = await this.runs.find(id, owner);
    if (!run.hasLog) throw makeLogExpiredError();
    assertReached(position, run);
    findRecord(response).setRun(id);
    const { after, isReconnect } = position;
    if (untilWait && run.status === 'waiting' && after === run.length - 1) {
      addRunHeaders(response, id);
      response.status(204).end();
      return;
    }
    const options = { after, hasIds: true, isLater: true, endsEmpty: isReconnect };
    const isOver = run.ending !== undefined;
    await this.streamer.stream(
      { id, isOver },
      new RunEncoder({ model: run.model, after, untilWait }),
      response,
      options,
    );
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'cancelRun',
      summary: 'Cancel a run',
      description: 'Waits for its end. May be sent again; a run that has ended otherwise is a 400.',
    }),
    ApiParam(RUN_ID_PARAMETER),
    ApiResponse({
      status: 200,
      description: 'The cancelled run.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/Run' },
          example: { ...completedExample, status: 'cancelled', usage: null, finish_reason: null, output: null },
        },
      },
    }),
  ])
  async cancel(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.bodies.readSmall(request, watchClient(response));
    const run = await this.runs.cancel(readPathParameter(request, 'id'), this.access.requireCaller(request).id);
    this.#tell(response, run.id);
    response.json(await this.runs.describe(run));
  }

  @Post(':id/ticket')
  @HttpCode(200)
  @OpenApi(({ ApiBody, ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'createRunTicket',
      summary: 'Make an address for an EventSource',
      description:
        'An EventSource cannot send headers. This address gives access to the events of this one run, and nothing else, until it expires; it is checked when a stream opens.',
    }),
    ApiParam(RUN_ID_PARAMETER),
    ApiBody({
      required: false,
      schema: {
        type: 'object',
        properties: {
          ttl_s: {
            type: 'integer',
            minimum: 1,
            maximum: 3600,
            default: 300,
            description: 'How long it is valid, in seconds.',
          },
        },
      },
    }),
    ApiResponse({
      status: 200,
      description: 'The address.',
      schema: {
        type: 'object',
        required: ['url', 'expires_at'],
        properties: {
          url: { type: 'string', description: 'The address, without the name of the server.' },
          expires_at: { type: 'integer', description: 'When it expires, in seconds since the Unix epoch.' },
        },
      },
    }),
  ])
  async makeTicket(@Req() request: Request, @Res() response: Response): Promise<void> {
    const ttlS = readTtl(await this.bodies.readSmall(request, watchClient(response)));
    const { id } = await this.runs.find(readPathParameter(request, 'id'), this.access.requireCaller(request).id);
    const { ticket, expiresAt } = await this.tickets.make(id, ttlS);
    this.#tell(response, id);
    response.setHeader('cache-control', 'no-store');
    const url = `${this.place.path}${RUNS_PATH}/${id}/events?ticket=${ticket}`;
    response.json({ url, expires_at: Math.floor(expiresAt / 1_000) });
  }

  @All(':id')
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethodsOfOne(): never {
    throw new MethodNotAllowedError(['GET', 'DELETE']);
  }

  @All(':id/events')
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethodsOfEvents(): never {
    throw new MethodNotAllowedError(['GET']);
  }

  @All([':id/cancel', ':id/retry', ':id/ticket'])
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethodsOfActions(): never {
    throw new MethodNotAllowedError(['POST']);
  }

  /** The owner of the run whose events a request may read. A ticket stands for the key that it was made with. */
  async #findReader(request: Request, id: string): Promise<string> {
    const { ticket } = readQuery(request);
    if (ticket === undefined) return this.access.requireCaller(request).id;
    if (typeof ticket !== 'string') throw new TicketError('invalid_ticket');
    this.runs.assertOn();
    await this.tickets.check(ticket, id);
    return this.runs.findOwner(id);
  }

  #tell(response: Response, id: string): void {
    findRecord(response).setRun(id);
    addRunHeaders(response, id);
  }
}

/**
 * True if the query has a parameter that allows one value only. @throws InvalidRequestError for any other value
 */
function readWord(request: Request, param: string, word: string): boolean {
  const given = readQuery(request)[param];
  if (given === undefined) return false;
  if (given === word) return true;
  throw new InvalidRequestError(`Invalid value for '${param}': the only supported value is: ${word}.`, {
    param,
    code: 'invalid_value',
  });
}
