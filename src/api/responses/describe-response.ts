import { OpenApi } from '../../http/index.js';
import { requestExamples, responseExample, streamExample } from './responses.examples.js';

/** A response, whole or as a stream. */
export const MODEL_RESPONSE = {
  status: 200,
  description: 'The response. For a stream, the schema is that of the data of one event.',
  content: {
    'application/json': { schema: { $ref: '#/components/schemas/ModelResponse' }, example: responseExample },
    'text/event-stream': { schema: { $ref: '#/components/schemas/ResponseEvent' } },
  },
};

/** Describes the operation that runs workflows, for the OpenAPI document. */
export function DescribeResponse(): MethodDecorator {
  return OpenApi(({ ApiBody, ApiOperation, ApiResponse }) => [
    ApiOperation({
      operationId: 'createResponse',
      summary: 'Run a workflow as an OpenAI model, in the protocol of responses',
      description: `With \`stream: true\` the response is a stream of server-sent events, sent as they are generated; without it, one
JSON object. Each visible step is an item of the output.

In a stream, the first events leave at once, and each has a \`sequence_number\`. The last one has the whole response; \`[DONE]\`
follows it. A run that fails ends with an \`error\` event and \`response.failed\`. Lines that begin with a colon are comments that
keep the connection alive.

\`\`\`
${streamExample}
\`\`\``,
    }),
    ApiBody({
      required: true,
      schema: { $ref: '#/components/schemas/ResponseRequest' },
      examples: requestExamples,
    }),
    ApiResponse(MODEL_RESPONSE),
  ]);
}
