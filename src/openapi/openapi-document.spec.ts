import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { makeOpenApiDocument } from './openapi-document.js';

describe('the OpenAPI document', () => {
  it('is kept in openapi.json', async () => {
    const kept = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as unknown;
    // If this fails, the application has changed: run `npm run openapi`, and look at what it changes for clients.
    expect(JSON.parse(JSON.stringify(await makeOpenApiDocument()))).toEqual(kept);
  });
});
