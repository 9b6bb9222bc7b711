import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { DoorsPlace, findRecord, OpenApi, readPathParameter, readQuery } from '../../http/index.js';
import type { RunToLog } from '../../runs/index.js';
import { addRunHeaders, readIdentity, RequestIntake, type TakenRequest } from '../wire/index.js';
import { DescribeCreateRun, DescribeRetryRun, DescribeListRuns } from './describe-run.js';
import { readListQuery } from './list-query.js';
import { NativeRuns } from './native-runs.service.js';
import { type DecodedRequest, RunsDecoder } from './runs.decoder.js';
import { RUNS_PATH } from './runs.path.js';

/** Begins runs, and lists them. */
@OpenApi(({ ApiTags }) => [ApiTags('Runs')])
@Controller(RUNS_PATH)
export class RunsController {
  constructor(
    private readonly intake: RequestIntake,
    private readonly access: AccessControl,
    private readonly decoder: RunsDecoder,
    private readonly runs: NativeRuns,
    private readonly place: DoorsPlace,
  ) {}

  @Post()
  @HttpCode(202)
  @DescribeCreateRun()
  create(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      this.runs.assertOn();
      const decoded = this.decoder.decode(request, response, taken);
      await this.#begin(decoded, taken, readIdentity(request, this.runs.name, taken.body), response);
    });
  }

  @Post(':id/retry')
  @HttpCode(202)
  @DescribeRetryRun()
  retry(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      const id = readPathParameter(request, 'id');
      const earlier = await this.runs.findAsked(id, taken.caller.id);
      const decoded = this.decoder.decodeAgain(request, response, earlier, taken.caller);
      await this.#begin(decoded, taken, readIdentity(request, this.runs.name, { retry: id }), response);
    });
  }

  async #begin(
    decoded: DecodedRequest,
    taken: TakenRequest,
    identity: RunToLog['identity'],
    response: Response,
  ): Promise<void> {
    const { run, isRepeated } = await this.runs.start(decoded, taken, identity);
    findRecord(response).setRun(run.id);
    addRunHeaders(response, run.id, isRepeated);
    response.setHeader('location', `${this.place.path}${RUNS_PATH}/${run.id}`);
    response.status(202).json(await this.runs.describe(run));
  }

  @Get()
  @DescribeListRuns()
  async list(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { id } = this.access.requireCaller(request);
    response.json(await this.runs.list(readListQuery(readQuery(request)), id));
  }
}
