/**
 * Writes openapi.json: the document that the built application serves at /docs-json, made without listening and without
 * anything of the environment.
 */
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { format, resolveConfig } from 'prettier';
import { AppModule } from '../dist/app/app.module.js';
import { loadConfig } from '../dist/app/load-config.js';
import { openApiDocument } from '../dist/app/openapi/openapi-document.js';
import { ServerAdapter } from '../dist/http/index.js';

const file = join(import.meta.dirname, '..', 'openapi.json');
const config = loadConfig({});
// A preview: nothing is constructed, so nothing is opened, read or logged.
const app = await NestFactory.create(AppModule.register(config), new ServerAdapter(config.server), {
  preview: true,
  logger: false,
  abortOnError: false,
});
const text = JSON.stringify(openApiDocument(app));
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
