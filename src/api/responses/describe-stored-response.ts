import { OpenApi } from '../../http/index.js';
import { MODEL_RESPONSE } from './describe-response.js';
import { responseExample } from './responses.examples.js';

// The operations on stored responses, for the OpenAPI document.

const ID_PARAMETER = { name: 'id', type: String, description: 'Id of the response.', example: 'resp_1' };

export function DescribeRetrieveResponse(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
    ApiOperation({
      operationId: 'retrieveResponse',
      summary: 'Get a stored response',
      description:
        'A background response is returned as it is now. With `stream=true` its events are streamed from the first one on, stored ones at once; `Last-Event-ID` counts as `starting_after`.',
    }),
    ApiParam(ID_PARAMETER),
    ApiQuery({
      name: 'stream',
      required: false,
      description: 'Whether the events are streamed instead of the response as it is now.',
      schema: { type: 'boolean', default: false },
    }),
    ApiQuery({
      name: 'starting_after',
      required: false,
      description: 'With `stream=true`: the `sequence_number` of the last event that you already have.',
      schema: { type: 'integer', minimum: 0 },
    }),
    ApiResponse(MODEL_RESPONSE),
  ]);
}

export function DescribeDeleteResponse(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({ operationId: 'deleteResponse', summary: 'Remove a stored response and its items' }),
    ApiParam(ID_PARAMETER),
    ApiResponse({
      status: 200,
      description: 'The response was removed.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/DeletedResponse' },
          example: { id: 'resp_1', object: 'response', deleted: true },
        },
      },
    }),
  ]);
}

export function DescribeListInputItems(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
    ApiOperation({
      operationId: 'listInputItems',
      summary: 'List the input items of a stored response',
      description: 'The items of its conversation, including those of earlier turns, without its own output.',
    }),
    ApiParam(ID_PARAMETER),
    ApiQuery({
      name: 'limit',
      required: false,
      description: 'The most items on a page.',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    }),
    ApiQuery({
      name: 'order',
      required: false,
      description: 'Whether the latest item comes first (`desc`) or the oldest (`asc`).',
      schema: { type: 'string', enum: ['asc', 'desc'], default: 'desc' },
    }),
    ApiQuery({ name: 'after', required: false, description: 'Id of the last item of the page before.', type: String }),
    ApiResponse({
      status: 200,
      description: 'A page of the list.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/ResponseItemList' },
          example: { object: 'list', data: [], first_id: null, last_id: null, has_more: false },
        },
      },
    }),
  ]);
}

export function DescribeCancelResponse(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({
      operationId: 'cancelResponse',
      summary: 'Cancel a response in the background',
      description: 'Waits for its end. Can be repeated; a response that has ended in another way is a 400.',
    }),
    ApiParam(ID_PARAMETER),
    ApiResponse({
      status: 200,
      description: 'The cancelled response.',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/ModelResponse' },
          example: { ...responseExample, background: true, status: 'cancelled', completed_at: null },
        },
      },
    }),
  ]);
}
