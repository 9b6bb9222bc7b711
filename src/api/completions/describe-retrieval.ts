import { OpenApi } from '../../http/index.js';
import { responseExamples } from './completions.examples.js';
import { COMPLETION_RESPONSE } from './describe-completion.js';

/** Describes the operation that returns a logged completion again, for the OpenAPI document. */
export function DescribeRetrieval(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
    ApiOperation({
      operationId: 'retrieveChatCompletion',
      summary: 'Get a completion again',
      description:
        'Available for requests with the header `millrace-on-disconnect`, or of workflows that wait for answers. The whole completion exists once its run has finished or waits (409 before). With `stream=true` its chunks are streamed, stored ones at once and then those that come, the same to every reader; `Last-Event-ID` counts as `starting_after`, and the greater of the two applies. A reader whose `Last-Event-ID` is that of the last event gets 204.',
    }),
    ApiParam({
      name: 'id',
      type: String,
      description: 'Id of the completion, as its chunks have it.',
      example: responseExamples.whole.id,
    }),
    ApiQuery({
      name: 'stream',
      required: false,
      description: 'Whether the chunks are streamed instead of the whole completion.',
      schema: { type: 'boolean', default: false },
    }),
    ApiQuery({
      name: 'starting_after',
      required: false,
      description: 'With `stream=true`: the `id` of the last event that you already have.',
      schema: { type: 'integer', minimum: 0 },
    }),
    ApiResponse(COMPLETION_RESPONSE),
    ApiResponse({ status: 204, description: 'There is nothing after `Last-Event-ID`, and there will be nothing.' }),
  ]);
}
