import { Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { InvalidRequestError, TicketError } from '../../errors/index.js';
import { DoorsPlace, findRecord, OpenApi, readPathParameter, readQuery } from '../../http/index.js';
import { addRunHeaders, assertReached, JsonBodyReader, LogStreamer, readPosition, watchClient } from '../wire/index.js';
import {
  DescribeRetrieveRun,
  DescribeDeleteRun,
  DescribeStreamRunEvents,
  DescribeCancelRun,
  DescribeCreateRunTicket,
} from './describe-run.js';
import { makeLogExpiredError } from './log-expired.js';
import { NativeRuns } from './native-runs.service.js';
import { RunEncoder } from './runs.encoder.js';
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
  @DescribeRetrieveRun()
  async retrieve(@Req() request: Request, @Res() response: Response): Promise<void> {
    const hasSteps = readWord(request, 'include', 'steps');
    const caller = this.access.requireCaller(request);
    const run = await this.runs.find(readPathParameter(request, 'id'), caller.id);
    const steps = caller.mayInspect(this.config.access.inspect) ? 'all' : 'shown';
    this.#tell(response, run.id);
    response.json(await this.runs.describe(run, hasSteps ? steps : undefined));
  }

  @Delete(':id')
  @DescribeDeleteRun()
  async remove(@Req() request: Request, @Res() response: Response): Promise<void> {
    const id = readPathParameter(request, 'id');
    await this.runs.remove(id, this.access.requireCaller(request).id);
    this.#tell(response, id);
    response.json({ id, object: 'run', deleted: true });
  }

  @Get(':id/events')
  @DescribeStreamRunEvents()
  async streamEvents(@Req() request: Request, @Res() response: Response): Promise<void> {
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
    await this.streamer.stream(
      { run, from: 0, isOver: run.ending !== undefined },
      new RunEncoder({ model: run.model, after, untilWait }),
      response,
      options,
    );
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @DescribeCancelRun()
  async cancel(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.bodies.readSmall(request, watchClient(response));
    const run = await this.runs.cancel(readPathParameter(request, 'id'), this.access.requireCaller(request).id);
    this.#tell(response, run.id);
    response.json(await this.runs.describe(run));
  }

  @Post(':id/ticket')
  @HttpCode(200)
  @DescribeCreateRunTicket()
  async makeTicket(@Req() request: Request, @Res() response: Response): Promise<void> {
    const ttlS = readTtl(await this.bodies.readSmall(request, watchClient(response)));
    const { id } = await this.runs.find(readPathParameter(request, 'id'), this.access.requireCaller(request).id);
    const { ticket, expiresAt } = await this.tickets.make(id, ttlS);
    this.#tell(response, id);
    response.setHeader('cache-control', 'no-store');
    const url = `${this.place.path}${RUNS_PATH}/${id}/events?ticket=${ticket}`;
    response.json({ url, expires_at: Math.floor(expiresAt / 1_000) });
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
 * True if the query has a parameter that allows one value only.
 * @throws InvalidRequestError for any other value
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
