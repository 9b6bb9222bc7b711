import type { OpenAPIObject } from '@nestjs/swagger';
import { OpenApi } from '../../http/index.js';
import { NODE_EVENTS_HEADER, ON_DISCONNECT, ON_DISCONNECT_HEADER } from '../wire/index.js';
import { responseExamples, requestExamples, streamExample } from './completions.examples.js';

/** The header that asks for node events, for `components.parameters` of the OpenAPI document. */
export const NODE_EVENTS_PARAMETER = {
  name: NODE_EVENTS_HEADER,
  in: 'header',
  description:
    '`true` adds chunks to a stream that report what happens in the workflow, in `millrace` beside an empty delta.',
  schema: { type: 'string', enum: ['true'] },
} satisfies NonNullable<NonNullable<OpenAPIObject['components']>['parameters']>[string];

/** A completion, whole or as a stream. */
export const COMPLETION_RESPONSE = {
  status: 200,
  description: 'The completion. For a stream, the schema is that of the data of one event.',
  content: {
    'application/json': {
      schema: { $ref: '#/components/schemas/ChatCompletion' },
      example: responseExamples.whole,
    },
    'text/event-stream': {
      schema: { $ref: '#/components/schemas/ChatCompletionChunk' },
      example: responseExamples.chunk,
    },
  },
};

/** Describes the operation that runs workflows, for the OpenAPI document. */
export function DescribeCompletion(): MethodDecorator {
  return OpenApi(({ ApiBody, ApiHeader, ApiOperation, ApiResponse }) => [
    ApiHeader({
      name: ON_DISCONNECT_HEADER,
      required: false,
      description:
        'The run is logged, and the completion can be read again under its id. `continue`: it runs to its end without its client. `cancel`: it ends some time after its last reader has left.',
      schema: { type: 'string', enum: [...ON_DISCONNECT] },
    }),
    ApiOperation({
      operationId: 'createChatCompletion',
      summary: 'Run a workflow as an OpenAI model',
      description: `With \`stream: true\` the response is a stream of server-sent events, sent as they are generated. Without
\`stream\` it is one JSON object, except for names that stream by default (such as \`default\`) when \`Accept\` does not name
application/json.

In a stream, each event is one line of data. It holds a chunk, or the error envelope if the run failed after the stream had
begun; the last one is \`[DONE]\`. Lines that begin with a colon are comments that keep the connection alive.

\`\`\`
${streamExample}
\`\`\``,
    }),
    ApiBody({
      required: true,
      schema: { $ref: '#/components/schemas/ChatCompletionRequest' },
      examples: requestExamples,
    }),
    ApiResponse(COMPLETION_RESPONSE),
  ]);
}
