/**
 * Writes openapi.json, which the server serves at /docs-json: made of the built application, without anything of the
 * environment.
 */
import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { makeOpenApiDocument } from '../dist/openapi/openapi-document.js';

const file = join(import.meta.dirname, '..', 'openapi.json');
const text = JSON.stringify(await makeOpenApiDocument());
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
