import { All, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { InvalidRequestError, MethodNotAllowedError } from '../../errors/index.js';
import { findRecord, OpenApi, readPathParameter } from '../../http/index.js';
import type { JsonObject } from '../../kernel/index.js';
import { addRunHeaders, JsonBodyReader, watchClient } from '../wire/index.js';
import { NativeRuns } from './native-runs.service.js';
import { RUN_ID_PARAMETER } from './runs.examples.js';
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
  @OpenApi(({ ApiBody, ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'answerRun',
      summary: 'Answer a wait of a run',
      description: `The first answer counts: an equal one may be sent again, another one is a 409. An answer that does not fit is a 400 with every fault, and the run keeps waiting. The run continues when all its waits have been answered, whichever protocol began it.`,
    }),
    ApiParam(RUN_ID_PARAMETER),
    ApiParam({ name: 'name', type: String, description: 'Name of the wait.', example: 'approve' }),
    ApiBody({
      required: true,
      schema: {
        type: 'object',
        required: ['value'],
        properties: { value: { description: 'The answer, as the schema of the wait says.' } },
      },
      examples: { verdict: { summary: 'A verdict', value: { value: { approved: true, comment: 'Good' } } } },
    }),
    ApiResponse({
      status: 200,
      description: 'The answer was stored.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/AnsweredWait' },
          example: { object: 'run.wait', name: 'approve', status: 'answered' },
        },
      },
    }),
  ])
  async answer(@Req() request: Request, @Res() response: Response): Promise<void> {
    const name = readPathParameter(request, 'name');
    const body = await this.bodies.readSmall(request, watchClient(response), LONGEST_ANSWER);
    const run = await this.runs.find(readPathParameter(request, 'id'), this.access.requireCaller(request).id);
    findRecord(response).setRun(run.id);
    addRunHeaders(response, run.id);
    await this.runs.answer(run, name, readValue(body));
    response.json({ object: 'run.wait', name, status: 'answered' });
  }

  @All(':id/waits/:name')
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethods(): never {
    throw new MethodNotAllowedError(['POST']);
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
