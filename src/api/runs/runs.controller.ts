import { All, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { MethodNotAllowedError } from '../../errors/index.js';
import { DoorsPlace, findRecord, OpenApi, readPathParameter, readQuery } from '../../http/index.js';
import type { RunToLog } from '../../runs/index.js';
import { addRunHeaders, readIdentity, RequestIntake, type TakenRequest } from '../wire/index.js';
import { RUN_STATUSES } from './dto/run.schema.js';
import { readListQuery } from './list-query.js';
import { NativeRuns } from './native-runs.service.js';
import { type DecodedRequest, RunsDecoder } from './runs.decoder.js';
import { completedExample, queuedExample, requestExamples, RUN_ID_PARAMETER } from './runs.examples.js';
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
  @OpenApi(({ ApiBody, ApiOperation, ApiResponse }) => [
    ApiOperation({
      operationId: 'createRun',
      summary: 'Begin a run that needs no client',
      description:
        'The response is sent as soon as the run is stored. The run begins when there is a place for it, and continues without its client and after a crash of its process. Any number of clients can read its events from their own address.',
    }),
    ApiBody({
      required: true,
      schema: { $ref: '#/components/schemas/CreateRunRequest' },
      examples: requestExamples,
    }),
    ApiResponse({
      status: 202,
      description: 'The run.',
      headers: { location: { $ref: '#/components/headers/location' } },
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Run' }, example: queuedExample } },
    }),
  ])
  create(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      this.runs.assertOn();
      const asked = this.decoder.decode(request, response, taken);
      await this.#begin(asked, taken, readIdentity(request, this.runs.name, taken.body), response);
    });
  }

  @Post(':id/retry')
  @HttpCode(202)
  @OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'retryRun',
      summary: 'Run the same request again',
      description:
        'The run must have ended, in any way. The new run starts from the beginning, with the current workflow and an id of its own; nothing is taken over from the old run, which stays as it is. The body is empty. With an `Idempotency-Key`, a repeated request makes one run.',
    }),
    ApiParam(RUN_ID_PARAMETER),
    ApiResponse({
      status: 202,
      description: 'The new run.',
      headers: { location: { $ref: '#/components/headers/location' } },
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Run' }, example: queuedExample } },
    }),
  ])
  retry(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      const id = readPathParameter(request, 'id');
      const earlier = await this.runs.findAsked(id, taken.caller.id);
      const asked = this.decoder.decodeAgain(request, response, earlier, taken.caller);
      await this.#begin(asked, taken, readIdentity(request, this.runs.name, { retry: id }), response);
    });
  }

  async #begin(
    asked: DecodedRequest,
    taken: TakenRequest,
    identity: RunToLog['identity'],
    response: Response,
  ): Promise<void> {
    const { run, isRepeated } = await this.runs.start(asked, taken, identity);
    findRecord(response).setRun(run.id);
    addRunHeaders(response, run.id, isRepeated);
    response.setHeader('location', `${this.place.path}${RUNS_PATH}/${run.id}`);
    response.status(202).json(await this.runs.describe(run));
  }

  @Get()
  @OpenApi(({ ApiOperation, ApiQuery, ApiResponse }) => [
    ApiOperation({
      operationId: 'listRuns',
      summary: 'List the runs of the API key',
      description: 'Includes those of chat completions and responses that outlive their requests.',
    }),
    ApiQuery({
      name: 'model',
      required: false,
      description: 'Only runs requested by this name.',
      type: String,
    }),
    ApiQuery({
      name: 'status',
      required: false,
      description: 'Only runs with this status.',
      schema: { type: 'string', enum: [...RUN_STATUSES] },
    }),
    ApiQuery({
      name: 'limit',
      required: false,
      description: 'Most runs of a page.',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    }),
    ApiQuery({ name: 'after', required: false, description: 'Id of the last run of the page before.', type: String }),
    ApiQuery({
      name: 'order',
      required: false,
      description: 'Whether the latest run comes first (`desc`) or the oldest (`asc`).',
      schema: { type: 'string', enum: ['asc', 'desc'], default: 'desc' },
    }),
    ApiResponse({
      status: 200,
      description: 'A page of the list.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/RunList' },
          example: {
            object: 'list',
            data: [completedExample],
            first_id: completedExample.id,
            last_id: completedExample.id,
            has_more: false,
          },
        },
      },
    }),
  ])
  async list(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { id } = this.access.requireCaller(request);
    response.json(await this.runs.list(readListQuery(readQuery(request)), id));
  }

  @All()
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethods(): never {
    throw new MethodNotAllowedError(['GET', 'POST']);
  }
}
