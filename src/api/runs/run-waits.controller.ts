import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { InvalidRequestError } from '../../errors/index.js';
import { findRecord, OpenApi, readPathParameter } from '../../http/index.js';
import type { JsonObject } from '../../kernel/index.js';
import { addRunHeaders, JsonBodyReader, watchClient } from '../wire/index.js';
import { DescribeAnswerRun } from './describe-run.js';
import { NativeRuns } from './native-runs.service.js';
import { RUNS_PATH } from './runs.path.js';

/** Most bytes of an answer: a text of many pages. */
const LONGEST_ANSWER = 64 * 1024;

/** Answers the waits of runs. */
@OpenApi(({ ApiTags }) => [ApiTags('Runs')])
@Controller(RUNS_PATH)
export class RunWaitsController {
  constructor(
    private readonly access: AccessControl,
    private readonly runs: NativeRuns,
    private readonly bodies: JsonBodyReader,
  ) {}

  @Post(':id/waits/:name')
  @HttpCode(200)
  @DescribeAnswerRun()
  async answer(@Req() request: Request, @Res() response: Response): Promise<void> {
    const name = readPathParameter(request, 'name');
    const body = await this.bodies.readSmall(request, watchClient(response), LONGEST_ANSWER);
    const run = await this.runs.find(readPathParameter(request, 'id'), this.access.requireCaller(request).id);
    findRecord(response).setRun(run.id);
    addRunHeaders(response, run.id);
    await this.runs.answer(run, name, readValue(body));
    response.json({ object: 'run.wait', name, status: 'answered' });
  }
}

/** @throws InvalidRequestError if there is none */
function readValue(body: JsonObject | undefined): unknown {
  if (body !== undefined && Object.hasOwn(body, 'value')) return body['value'];
  throw new InvalidRequestError(`Missing required parameter: 'value'. Send the answer as {"value": …}.`, {
    param: 'value',
    code: 'missing_required_parameter',
  });
}
