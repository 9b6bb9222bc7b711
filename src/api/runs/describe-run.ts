import { OpenApi } from '../../http/index.js';
import { RUN_STATUSES } from './dto/run.schema.js';
import {
  completedExample,
  eventExample,
  queuedExample,
  requestExamples,
  RUN_ID_PARAMETER,
  streamExample,
} from './runs.examples.js';

// The operations of this door, for the OpenAPI document.

export function DescribeCreateRun(): MethodDecorator {
  return OpenApi(({ ApiBody, ApiOperation, ApiResponse }) => [
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
  ]);
}

export function DescribeRetryRun(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
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
  ]);
}

export function DescribeListRuns(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiQuery, ApiResponse }) => [
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
  ]);
}

export function DescribeRetrieveRun(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
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
  ]);
}

export function DescribeDeleteRun(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
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
  ]);
}

export function DescribeStreamRunEvents(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
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
  ]);
}

export function DescribeCancelRun(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
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
  ]);
}

export function DescribeCreateRunTicket(): MethodDecorator {
  return OpenApi(({ ApiBody, ApiOperation, ApiParam, ApiResponse }) => [
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
  ]);
}

export function DescribeAnswerRun(): MethodDecorator {
  return OpenApi(({ ApiBody, ApiOperation, ApiParam, ApiResponse }) => [
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
  ]);
}

export function DescribeInspectRun(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'inspectRun',
      summary: 'Look inside a run',
      description:
        'Inputs and outputs of its steps, models and tools: while it runs, and as long as it is kept afterwards. For keys that may inspect runs (`RUNS_INSPECT`). Every execution of a workflow can be inspected by the id of its run, chat completion or response. Runs that do not outlive their request are kept in the memory of the process that answered, the latest ones only.',
    }),
    ApiParam({
      name: 'id',
      type: String,
      description: 'Id of the run, or of the chat completion or response that it answered.',
      example: completedExample.id,
    }),
    ApiResponse({
      status: 200,
      description: 'The inside of the run.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/RunInspection' } } },
    }),
  ]);
}
