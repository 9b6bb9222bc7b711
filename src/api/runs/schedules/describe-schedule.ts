import { OpenApi } from '../../../http/index.js';
import { requestExample, scheduleExample } from './schedule.schema.js';

// The operations on schedules, for the OpenAPI document.

const ID_PARAMETER = {
  name: 'id',
  description: 'Name of the schedule, which the client chooses: 1 to 64 letters, digits and `-`, `_`, `.`.',
  type: String,
  example: 'morning',
};

export function DescribeListSchedules(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiResponse }) => [
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
  ]);
}

export function DescribePutSchedule(): MethodDecorator {
  return OpenApi(({ ApiBody, ApiOperation, ApiParam, ApiResponse }) => [
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
  ]);
}

export function DescribeRetrieveSchedule(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({ operationId: 'retrieveSchedule', summary: 'Get a schedule' }),
    ApiParam(ID_PARAMETER),
    ApiResponse({
      status: 200,
      description: 'The schedule.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Schedule' }, example: scheduleExample } },
    }),
  ]);
}

export function DescribeDeleteSchedule(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
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
  ]);
}
