import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as swagger from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { CompletionsController, StoredCompletionsController } from '../api/completions/index.js';
import { GraphsController, ModelsController } from '../api/models/index.js';
import { ResponsesController, StoredResponsesController } from '../api/responses/index.js';
import {
  OneRunController,
  RunsController,
  RunInspectionController,
  RunWaitsController,
  SchedulesController,
} from '../api/runs/index.js';
import { HealthController, MetricsController } from '../health/index.js';
import { API_ROOT, describeRoutes } from '../http/index.js';
import { makeErrorResponses, referToErrors, type ErrorStatus } from './openapi-errors.js';
import { HEADER_NAMES, pickHeaders, PARAMETER_NAMES, REQUEST_HEADERS, RESPONSE_HEADERS } from './openapi-headers.js';
import { makeOpenApiSchemas } from './openapi-schemas.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const DESCRIPTION = `Typed LLM workflows, served as OpenAI models. Any OpenAI client works: give it this server as its base
URL (ending in /v1) and a workflow as \`model\`.

Every error has OpenAI's envelope. Where the server has API keys, send one as a bearer token (or in \`api-key\` or
\`x-api-key\`); where it has none, nothing is checked.

Clients of the Model Context Protocol find the workflows as tools at \`/mcp\`, which describes itself to them.`;

/** The ways in which a caller can authenticate. The empty one is for servers without keys, which are open to all. */
const SECURITY: NonNullable<OpenAPIObject['security']> = [{ bearerAuth: [] }, { apiKey: [] }, { xApiKey: [] }, {}];

/** Statuses with which every operation can fail. */
const EVERYWHERE: readonly ErrorStatus[] = [400, 408, 431, 500];
/** Further statuses of operations that need a key or token. */
const GUARDED: readonly ErrorStatus[] = [401, 503];
/** Further statuses of single operations. */
const ERRORS_BY_OPERATION: Readonly<Record<string, readonly ErrorStatus[]>> = {
  createChatCompletion: [404, 409, 413, 415, 422, 429, 502, 504],
  createResponse: [404, 409, 413, 415, 422, 429, 502, 504],
  createRun: [404, 409, 413, 415, 429],
  putSchedule: [404, 413, 415, 429],
  answerRun: [404, 409, 413, 415],
  createRunTicket: [404, 413, 415],
  cancelRun: [404],
  deleteRun: [404],
  deleteResponse: [404],
  listInputItems: [404],
  retrieveModel: [404],
  retrieveModelGraph: [404],
  retrieveChatCompletion: [404, 409, 410, 429, 502, 504],
  retrieveResponse: [404],
  retrieveRun: [404],
  retrieveSchedule: [404],
  deleteSchedule: [404],
  streamRunEvents: [404, 410],
};

/** The operations that run workflows. */
const RUNS: ReadonlySet<string> = new Set(['createChatCompletion', 'createResponse', 'createRun']);

/** The controllers that the document describes. */
const CONTROLLERS = [
  CompletionsController,
  StoredCompletionsController,
  ResponsesController,
  StoredResponsesController,
  RunsController,
  OneRunController,
  RunInspectionController,
  RunWaitsController,
  SchedulesController,
  GraphsController,
  ModelsController,
  HealthController,
  MetricsController,
];

/** Lets Nest read these controllers. None of them is called, so empty objects are injected. */
@Module({
  controllers: CONTROLLERS,
  providers: CONTROLLERS.flatMap((type) => Reflect.getMetadata('design:paramtypes', type) as Type[]).map((provide) => ({
    provide,
    useValue: {},
  })),
})
class DescribedModule {}

/**
 * The OpenAPI document of the whole service, which `npm run openapi` keeps as openapi.json. Its schemas come from the
 * classes
 * that validate requests, its errors from those that are thrown. It is the same however the server is configured.
 */
export async function makeOpenApiDocument(): Promise<OpenAPIObject> {
  describeRoutes(swagger);
  // A preview: nothing is constructed, so nothing is opened, read or logged.
  const app = await NestFactory.create(DescribedModule, { preview: true, logger: false, abortOnError: false });
  const document = swagger.SwaggerModule.createDocument(
    app,
    new swagger.DocumentBuilder()
      .setTitle('Millrace')
      .setDescription(DESCRIPTION)
      .setVersion('1')
      .setOpenAPIVersion('3.0.3')
      .addServer('/', 'The server that this document comes from.')
      .addTag('Chat', 'Run workflows.')
      .addTag('Responses', 'Run workflows in the protocol of responses, and find what was stored.')
      .addTag('Runs', 'Run workflows that outlive their requests: begin, watch, cancel and remove them.')
      .addTag('Models', 'Find out which workflows there are, and what they are made of.')
      .addTag('Health', 'For orchestrators, load balancers and Prometheus.')
      .addBearerAuth(
        { type: 'http', scheme: 'bearer', description: 'An API key of this server, or a JWT.' },
        'bearerAuth',
      )
      .addApiKey(
        {
          type: 'apiKey',
          in: 'header',
          name: 'api-key',
          description: 'An API key or JWT, in the header that Azure uses.',
        },
        'apiKey',
      )
      .addApiKey(
        {
          type: 'apiKey',
          in: 'header',
          name: 'x-api-key',
          description: 'An API key or JWT, in a header that other services use.',
        },
        'xApiKey',
      )
      .build(),
  );
  for (const [url, path] of Object.entries(document.paths)) {
    for (const operation of [path.get, path.put, path.post, path.delete]) {
      if (operation !== undefined) completeOperation(operation, url.startsWith(`${API_ROOT}/`));
    }
  }
  const { openapi, servers, tags, paths } = document;
  // The builder adds an empty contact.
  const { contact: _, ...info } = document.info;
  const components = {
    securitySchemes: document.components?.securitySchemes ?? {},
    parameters: REQUEST_HEADERS,
    headers: RESPONSE_HEADERS,
    responses: makeErrorResponses(),
    schemas: makeOpenApiSchemas(),
  };
  return { openapi, info, servers: servers ?? [], tags: tags ?? [], paths, components };
}

/** Adds the parts that all operations have, or all of the same kind. */
function completeOperation(operation: Operation, isGuarded: boolean): void {
  const { operationId = '', responses } = operation;
  const isRun = RUNS.has(operationId);
  operation.security = isGuarded ? SECURITY : [];
  operation.parameters = [
    ...(operation.parameters ?? []),
    ...[...(isRun ? PARAMETER_NAMES.runs : []), ...PARAMETER_NAMES.everyRequest].map((name) => ({
      $ref: `#/components/parameters/${name}`,
    })),
  ];
  for (const [status, response] of Object.entries(responses)) {
    if (response === undefined || '$ref' in response) continue;
    response.headers = {
      ...pickHeaders(HEADER_NAMES.everyResponse),
      ...pickHeaders(isRun ? [...HEADER_NAMES.runs, ...HEADER_NAMES.limits] : []),
      ...pickHeaders(status === '503' ? HEADER_NAMES.refusals : []),
      ...response.headers,
    };
  }
  const errors = [...EVERYWHERE, ...(isGuarded ? GUARDED : []), ...(ERRORS_BY_OPERATION[operationId] ?? [])];
  operation.responses = { ...referToErrors(errors), ...responses };
}
