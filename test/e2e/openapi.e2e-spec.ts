import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { getJson, openStream, postJson, TestApp } from '../support/index.js';

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}
interface Operation {
  readonly summary?: string;
  readonly requestBody?: {
    readonly content: Record<string, { readonly examples: Record<string, { readonly value: Body }> }>;
  };
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>;
}
interface Body {
  readonly model: string;
  readonly stream?: boolean;
}

describe('OpenAPI', () => {
  let app: TestApp;
  let document: Document;
  beforeAll(async () => {
    app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    document = (await getJson(`${app.url}/docs-json`)).json as Document;
  });
  afterAll(() => app.close());

  it('has a page for people', async () => {
    const page = await fetch(`${app.url}/docs`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('swagger-ui');
  });

  it('describes every route, with both forms of an answer and the error envelope', () => {
    expect(Object.keys(document.paths).sort()).toEqual([
      '/health/live',
      '/health/ready',
      '/metrics',
      '/v1/chat/completions',
      '/v1/models',
      '/v1/models/{id}',
      '/v1/models/{id}/graph',
    ]);
    const operation = document.paths['/v1/chat/completions']?.['post'];
    expect(Object.keys(operation?.responses['200']?.content ?? {})).toEqual(['application/json', 'text/event-stream']);
    expect(JSON.stringify(operation?.responses['4XX'])).toContain('#/components/schemas/ErrorEnvelope');
  });

  it('has schemas for all that it refers to', () => {
    const text = JSON.stringify(document);
    const referred = [...text.matchAll(/#\/components\/schemas\/([\w-]+)/g)].map(([, name]) => name ?? '');
    expect(referred.length).toBeGreaterThan(10);
    for (const name of referred) expect(document.components.schemas).toHaveProperty(name);
  });

  it('has schemas of the classes that validate, and examples that satisfy them and run', async () => {
    const ajv = new Ajv({ strict: false });
    ajv.addSchema({ $id: 'openapi', components: document.components });
    const validate = ajv.compile({ $ref: 'openapi#/components/schemas/ChatCompletionRequest' });
    const content = document.paths['/v1/chat/completions']?.['post']?.requestBody?.content['application/json'];
    const examples = Object.values(content?.examples ?? {});
    expect(examples.length).toBeGreaterThanOrEqual(3);
    for (const { value } of examples) {
      expect([value, validate(value), validate.errors]).toEqual([value, true, null]);
      const { status } =
        value.stream === true ? await openStream(app.chatUrl, value) : await postJson(app.chatUrl, value);
      expect(status).toBe(200);
    }
    expect(validate({ model: 'chat', messages: [{ role: 'king', content: 'x' }] })).toBe(false);
  }, 30_000);
});
