import { All, Controller, Delete, Get, Put, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../../access/index.js';
import { MethodNotAllowedError } from '../../../errors/index.js';
import { API_ROOT, OpenApi, readPathParameter } from '../../../http/index.js';
import { RequestIntake } from '../../wire/index.js';
import { RunsDecoder } from '../runs.decoder.js';
import { assertScheduleId, decodeSchedule } from './decode-schedule.js';
import { NativeSchedules } from './native-schedules.service.js';
import { requestExample, scheduleExample } from './schedule.schema.js';

const ID_PARAMETER = {
  name: 'id',
  description: 'Name of the schedule, which the client chooses: 1 to 64 letters, digits and `-`, `_`, `.`.',
  type: String,
  example: 'morning',
};

/** Stores, shows and removes schedules. */
@OpenApi(({ ApiTags }) => [ApiTags('Runs')])
@Controller(`${API_ROOT}/schedules`)
export class SchedulesController {
  constructor(
    private readonly intake: RequestIntake,
    private readonly access: AccessControl,
    private readonly decoder: RunsDecoder,
    private readonly schedules: NativeSchedules,
  ) {}

  @Get()
  @OpenApi(({ ApiOperation, ApiResponse }) => [
    ApiOperation({ operationId: 'listSchedules', summary: 'List the schedules of the API key' }),
    ApiResponse({
      status: 200,
      description: 'All of them.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/ScheduleList' },
          example: { object: 'list', data: [scheduleExample] },
        },
      },
    }),
  ])
  async list(@Req() request: Request, @Res() response: Response): Promise<void> {
    const data = await this.schedules.list(this.access.requireCaller(request).id);
    response.json({ object: 'list', data });
  }

  @All()
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethods(): never {
    throw new MethodNotAllowedError(['GET']);
  }

  @Put(':id')
  @OpenApi(({ ApiBody, ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'putSchedule',
      summary: 'Create or replace a schedule',
      description:
        'From then on a run begins at each time of the pattern, with `schedule` and `scheduled_at` in its metadata. Each time has exactly one run, however many processes there are; one run makes up for all times that were missed while no process was running. Repeating the request with the same body changes nothing.',
    }),
    ApiParam(ID_PARAMETER),
    ApiBody({
      required: true,
      schema: { $ref: '#/components/schemas/PutScheduleRequest' },
      examples: { workdays: { summary: 'Each workday in the morning', value: requestExample } },
    }),
    ApiResponse({
      status: 200,
      description: 'The stored schedule.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Schedule' }, example: scheduleExample } },
    }),
  ])
  put(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      this.schedules.assertOn();
      const id = readPathParameter(request, 'id');
      assertScheduleId(id);
      const decoded = decodeSchedule(request, response, taken, this.decoder);
      response.json(await this.schedules.put(id, taken.caller, decoded));
      taken.permit.end();
    });
  }

  @Get(':id')
  @OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({ operationId: 'retrieveSchedule', summary: 'Get a schedule' }),
    ApiParam(ID_PARAMETER),
    ApiResponse({
      status: 200,
      description: 'The schedule.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Schedule' }, example: scheduleExample } },
    }),
  ])
  async retrieve(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { id: owner } = this.access.requireCaller(request);
    response.json(await this.schedules.find(readPathParameter(request, 'id'), owner));
  }

  @Delete(':id')
  @OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'deleteSchedule',
      summary: 'Remove a schedule',
      description: 'Its runs stay. A schedule declared in a workflow cannot be removed here.',
    }),
    ApiParam(ID_PARAMETER),
    ApiResponse({
      status: 200,
      description: 'The schedule was removed, and begins no more runs.',
      schema: { type: 'object', example: { id: 'morning', object: 'schedule', deleted: true } },
    }),
  ])
  async remove(@Req() request: Request, @Res() response: Response): Promise<void> {
    const id = readPathParameter(request, 'id');
    await this.schedules.remove(id, this.access.requireCaller(request).id);
    response.json({ id, object: 'schedule', deleted: true });
  }

  @All(':id')
  @OpenApi(({ ApiExcludeEndpoint }) => [ApiExcludeEndpoint()])
  otherMethodsOfOne(): never {
    throw new MethodNotAllowedError(['GET', 'PUT', 'DELETE']);
  }
}
