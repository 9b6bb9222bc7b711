import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { openApiSchemas } from '../protocol/index.js';

const ERRORS: Readonly<Record<string, string>> = {
  '4XX': 'The request is at fault; `param` and `code` say where and how.',
  '5XX': 'This server or a model provider failed.',
};

/** The OpenAPI document of the whole service. Its schemas come from the classes that validate requests. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setTitle('Millrace')
      .setDescription(
        'Typed LLM workflows, served as OpenAI models. Any OpenAI client works: give it this server as its base URL ' +
          '(ending in /v1) and a workflow as `model`.',
      )
      .setVersion('1')
      .addServer('/')
      .build(),
  );
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post]) {
      if (operation === undefined) continue;
      for (const [status, description] of Object.entries(ERRORS)) {
        operation.responses[status] ??= {
          description,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorEnvelope' } } },
        };
      }
    }
  }
  document.components = { ...document.components, schemas: openApiSchemas() };
  return document;
}
