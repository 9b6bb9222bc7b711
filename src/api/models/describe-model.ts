import { OpenApi } from '../../http/index.js';
import { GRAPH_FORMATS } from './graph-format.js';
import { graphExamples, graphSchema } from './graph.examples.js';

// The operations of this door, for the OpenAPI document.

export function DescribeListModels(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiResponse }) => [
    ApiOperation({ operationId: 'listModels', summary: 'List the workflows that the API key may use' }),
    ApiResponse({ status: 200, description: 'The list.', schema: { $ref: '#/components/schemas/ModelList' } }),
  ]);
}

export function DescribeRetrieveModel(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiResponse }) => [
    ApiOperation({ operationId: 'retrieveModel', summary: 'Describe one workflow' }),
    ApiParam({ name: 'id', type: String, description: 'Id or alias of the workflow.', example: 'streaming' }),
    ApiResponse({ status: 200, description: 'The workflow.', schema: { $ref: '#/components/schemas/ModelCard' } }),
  ]);
}

export function DescribeRetrieveModelGraph(): MethodDecorator {
  return OpenApi(({ ApiOperation, ApiParam, ApiQuery, ApiResponse }) => [
    ApiOperation({
      operationId: 'retrieveModelGraph',
      summary: 'Show the graph of one workflow',
      description: 'As JSON, as a Mermaid flowchart or as an SVG image: by `format`, or else by the Accept header.',
    }),
    ApiParam({ name: 'id', type: String, description: 'Id or alias of the workflow.', example: 'streaming' }),
    ApiQuery({ name: 'format', required: false, enum: GRAPH_FORMATS, description: 'Wins over the Accept header.' }),
    ApiResponse({
      status: 200,
      description: 'The graph.',
      content: {
        'application/json': { schema: graphSchema, example: graphExamples.json },
        'text/vnd.mermaid': { schema: { type: 'string' }, example: graphExamples.mermaid },
        'image/svg+xml': { schema: { type: 'string' } },
      },
    }),
  ]);
}
