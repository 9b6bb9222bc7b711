import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { TestApp } from '../support/app.js';
import { describeInBrowser, TestBrowser, type Visitor } from '../support/browser.js';
import { getJson, type HttpResponse, postJson, readResponse, send } from '../support/http-client.js';
import { createResponse } from '../support/responses-client.js';
import { askForCompletion } from '../support/completion-client.js';
import { beginRun, endRun } from '../support/runs-client.js';
import { DONE, readFrames } from '../support/sse-frames.js';
import { ROOT } from '../support/places.js';
import { join } from 'node:path';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly headers: Readonly<Record<string, { readonly schema: object }>>;
    readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, Media>> }>>;
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}
interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, DeclaredResponse | Reference>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: { readonly enum?: readonly string[]; readonly example?: string };
}
interface DeclaredResponse {
  readonly content?: Readonly<Record<string, Media>>;
  readonly headers: Readonly<Record<string, object>>;
}
interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Reference {
  readonly $ref: string;
}

/** A request that Swagger UI sends for an example. */
interface Trial {
  readonly name: string;
  readonly path: string;
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

const FILE = join(ROOT, 'openapi.json');
const document = JSON.parse(readFileSync(FILE, 'utf8')) as Document;

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ ...document, $id: 'openapi' });

/** Checks a value against the schema at a place in the document. */
function expectFits(value: unknown, ...place: readonly string[]): void {
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const validate = ajv.getSchema(`openapi#/${pointer}`);
  if (validate === undefined) throw new Error(`The document has nothing at ${place.join(' ')}`);
  expect([place, value, validate(value), validate.errors]).toEqual([place, value, true, null]);
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** A request for each example of each operation, and for each value of an enumerated parameter. */
const trials: readonly Trial[] = operations.flatMap(({ path, method, operation }) => {
  const own = operation.parameters.filter((parameter): parameter is Parameter => 'name' in parameter);
  const filled = own
    .filter((one) => one.in === 'path')
    .reduce((url, { name, schema }) => url.replace(`{${name}}`, schema?.example ?? ''), path);
  const queries = own
    .filter((one) => one.in === 'query')
    .flatMap(({ name, schema }) => (schema?.enum ?? []).map((value) => `?${name}=${value}`));
  const bodies = Object.entries(operation.requestBody?.content['application/json']?.examples ?? {});
  return ['', ...queries].flatMap((query) =>
    (bodies.length === 0 ? [['', { value: undefined }] as const] : bodies).map(([example, { value }]) => ({
      name: `${operation.operationId}${query} ${example}`,
      path,
      method,
      url: filled + query,
      body: value,
    })),
  );
});

describe('OpenAPI', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0', RUNS_INSPECT: 'on' } });
  });
  afterAll(() => app.close());

  it('is openapi.json', async () => {
    expect((await getJson(`${app.url}/docs-json`)).json).toEqual(document);
  });

  it('is the same however the server is configured', async () => {
    const other = await TestApp.start({
      env: { API_KEYS: 'sk-'.padEnd(40, 'k'), LIMIT_REQUESTS_PER_MINUTE: '5', PLAYGROUND: 'off', BODY_LIMIT: '1kb' },
    });
    try {
      expect((await getJson(`${other.url}/docs-json`)).json).toEqual(document);
    } finally {
      await other.close();
    }
  });

  it('has a page for people', async () => {
    const page = await fetch(`${app.url}/docs`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('swagger-ui');
  });

  it('describes every route, with both forms of a completion and a response', () => {
    expect(Object.keys(document.paths).sort()).toEqual([
      '/health/live',
      '/health/ready',
      '/metrics',
      '/v1/chat/completions',
      '/v1/chat/completions/{id}',
      '/v1/models',
      '/v1/models/{id}',
      '/v1/models/{id}/graph',
      '/v1/responses',
      '/v1/responses/{id}',
      '/v1/responses/{id}/cancel',
      '/v1/responses/{id}/input_items',
      '/v1/runs',
      '/v1/runs/{id}',
      '/v1/runs/{id}/cancel',
      '/v1/runs/{id}/events',
      '/v1/runs/{id}/inspection',
      '/v1/runs/{id}/retry',
      '/v1/runs/{id}/ticket',
      '/v1/runs/{id}/waits/{name}',
      '/v1/schedules',
      '/v1/schedules/{id}',
    ]);
    for (const path of ['/v1/chat/completions', '/v1/responses']) {
      const response = document.paths[path]?.['post']?.responses['200'] as DeclaredResponse;
      expect(Object.keys(response.content ?? {})).toEqual(['application/json', 'text/event-stream']);
    }
  });

  it('asks for a key below /v1 only, and says that a server may do without', () => {
    expect(Object.keys(document.components.securitySchemes)).toEqual(['bearerAuth', 'apiKey', 'xApiKey']);
    for (const { path, operation } of operations) {
      const expected = path.startsWith('/v1/') ? [{ bearerAuth: [] }, { apiKey: [] }, { xApiKey: [] }, {}] : [];
      expect([path, operation.security]).toEqual([path, expected]);
    }
  });

  it('defines all that it refers to, and refers to all that it defines', () => {
    const text = JSON.stringify(document);
    const referred = new Set(
      [...text.matchAll(/#\/components\/(\w+)\/([\w-]+)/g)].map(([, kind, name]) => `${kind}/${name}`),
    );
    const { securitySchemes: _, ...components } = document.components;
    const kept = Object.entries(components).flatMap(([kind, ofKind]) =>
      Object.keys(ofKind).map((name) => `${kind}/${name}`),
    );
    expect([...referred].sort()).toEqual(kept.sort());
  });

  it('has examples of errors that fit the envelope', () => {
    const names = Object.keys(document.components.responses);
    expect(names.length).toBeGreaterThan(12);
    for (const name of names) {
      const examples = Object.values(document.components.responses[name]?.content['application/json']?.examples ?? {});
      expect(examples.length).toBeGreaterThan(0);
      for (const { value } of examples) expectFits(value, 'components', 'schemas', 'ErrorEnvelope');
    }
  });

  it('has a schema of requests that accepts the examples, but not everything', () => {
    const bodies = trials.filter(({ body }) => body !== undefined);
    expect(bodies.length).toBeGreaterThanOrEqual(6);
    for (const { path, method, body } of bodies) {
      expectFits(body, 'paths', path, method, 'requestBody', 'content', 'application/json', 'schema');
    }
    const place = ['components', 'schemas', 'ChatCompletionRequest'] as const;
    const wrong = { model: 'chat', messages: [{ role: 'king', content: 'x' }] };
    expect(ajv.getSchema(`openapi#/${place.join('/')}`)?.(wrong)).toBe(false);
  });

  /** Checks the body and headers of a response against their description for its status and type. */
  const expectDocumented = (actual: HttpResponse, path: string, method: string): void => {
    const response = document.paths[path]?.[method]?.responses[actual.status];
    if (response === undefined) throw new Error(`${method} ${path} has no response ${actual.status}`);
    const name = '$ref' in response ? (response.$ref.split('/').at(-1) ?? '') : undefined;
    const place =
      name === undefined
        ? ['paths', path, method, 'responses', String(actual.status)]
        : ['components', 'responses', name];
    const { content, headers } = (
      name === undefined ? response : document.components.responses[name]
    ) as DeclaredResponse;
    const type = (actual.headers['content-type'] ?? '').replace(/;.*/, '');
    expect(Object.keys(content ?? {})).toContain(type);
    const schema = [...place, 'content', type, 'schema'];
    if (type === 'text/event-stream') {
      const bare = actual.text.replaceAll(/^(?:id|retry): \d+\n/gm, '');
      const data = readFrames(bare).flatMap((item) => (item.kind === 'data' ? [item.data] : []));
      // Streams of OpenAI's protocols end with [DONE]; runs have an event instead.
      expect(data.at(-1) === DONE).toBe(!path.startsWith('/v1/runs/'));
      expect(data.length).toBeGreaterThan(3);
      for (const one of data) if (one !== DONE) expectFits(JSON.parse(one), ...schema);
    } else {
      expectFits(type === 'application/json' ? actual.json : actual.text, ...schema);
    }
    for (const header of Object.keys(headers)) {
      const value = actual.headers[header];
      if (value === undefined) continue;
      const { schema: form } = document.components.headers[header] ?? {};
      const read = form !== undefined && 'type' in form && form.type === 'integer' ? Number(value) : value;
      expectFits(read, 'components', 'headers', header, 'schema');
    }
    expect(headers).toHaveProperty('x-request-id');
    expect(actual.headers).toHaveProperty('x-request-id');
  };

  // The demo's output ends too early to be cancelled.
  const instant = trials.filter(({ name }) => !name.startsWith('cancel'));

  it.each(instant)('is obeyed by the response to its example: $name', async ({ name, path, method, url, body }) => {
    const response = path.startsWith('/v1/responses/') ? (await createResponse(app)).id : '';
    const asked = path.includes('/waits/') ? { model: 'approval' } : {};
    const run = path.startsWith('/v1/runs/') ? (await endRun(app, (await beginRun(app, asked)).id)).id : '';
    const completion = path.startsWith('/v1/chat/completions/') ? await askForCompletion(app) : '';
    if (path === '/v1/schedules/{id}') {
      const schedule = { model: 'chat', input: 'Hi', pattern: '0 7 * * *' };
      await send('PUT', app.url + url, schedule).response.then(readResponse);
    }
    const here = url
      .replace('resp_1', response)
      .replace(/run_[\da-f]+/, run)
      .replace(/chatcmpl-[\da-f]+/, completion);
    const whole = await readResponse(await send(method.toUpperCase(), app.url + here, body).response);
    expect(whole.status).toBe(/^(?:create|retry)Run( |$)/.test(name) ? 202 : 200);
    expectDocumented(whole, path, method);
  });

  it.each([
    ['no JSON', 400, '{', {}],
    ['no messages', 400, { model: 'chat' }, {}],
    ['an unknown model', 404, { model: 'none', messages: [{ role: 'user', content: 'x' }] }, {}],
    ['a body that is too large', 413, `"${'x'.repeat(11 * 1024 ** 2)}"`, {}],
    ['text', 415, 'Hello', { 'content-type': 'text/plain' }],
    ['headers that are too long', 431, {}, { 'x-long': 'x'.repeat(20_000) }],
  ])('is obeyed by the response to %s', async (_, status, body, headers) => {
    const response = await postJson(app.chatUrl, body, headers);
    expect(response.status).toBe(status);
    expectDocumented(response, '/v1/chat/completions', 'post');
  });

  it('is obeyed when a response is cancelled', async () => {
    const slow = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '1' } });
    try {
      const { id } = await createResponse(slow, { background: true });
      const { response } = send('POST', `${slow.baseUrl}/responses/${id}/cancel`, undefined);
      const whole = await readResponse(await response);
      expect(whole.status).toBe(200);
      expectDocumented(whole, '/v1/responses/{id}/cancel', 'post');
    } finally {
      await slow.close();
    }
  });

  it('is obeyed by responses to unknown names elsewhere', async () => {
    expectDocumented(await getJson(`${app.baseUrl}/models/none`), '/v1/models/{id}', 'get');
    expectDocumented(await getJson(`${app.baseUrl}/responses/none`), '/v1/responses/{id}', 'get');
    expectDocumented(await getJson(`${app.baseUrl}/models/none/graph`), '/v1/models/{id}/graph', 'get');
    expectDocumented(await getJson(`${app.baseUrl}/models/chat/graph?format=x`), '/v1/models/{id}/graph', 'get');
  });

  it('is obeyed by a server that has keys and limits', async () => {
    const key = 'sk-'.padEnd(40, 'k');
    const closed = await TestApp.start({ env: { API_KEYS: key, LIMIT_REQUESTS_PER_MINUTE: '1' } });
    try {
      const body = { model: 'chat', messages: [{ role: 'user', content: 'x' }] };
      const statuses: number[] = [];
      for (const headers of [{}, { authorization: `Bearer ${key}` }, { 'api-key': key }, { 'x-api-key': 'wrong' }]) {
        const response = await postJson(closed.chatUrl, body, headers);
        statuses.push(response.status);
        expectDocumented(response, '/v1/chat/completions', 'post');
      }
      expect(statuses).toEqual([401, 200, 429, 401]);
      expectDocumented(await getJson(`${closed.baseUrl}/models`), '/v1/models', 'get');
    } finally {
      await closed.close();
    }
  });
});

describeInBrowser()('Swagger UI', () => {
  let app: TestApp;
  let browser: TestBrowser;
  let visitor: Visitor | undefined;
  beforeAll(async () => {
    app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0' } });
    browser = await TestBrowser.start();
  }, 60_000);
  afterEach(async () => {
    await visitor?.close();
    visitor = undefined;
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  it.each([
    ['createChatCompletion', 'Chat', 'chat.completion.chunk'],
    ['createResponse', 'Responses', 'response.output_text.delta'],
    ['listModels', 'Models', '"object": "list"'],
    ['retrieveModelGraph', 'Models', '"workflow": "streaming"'],
    ['live', 'Health', '"status": "ok"'],
  ])('runs the example of %s, and nothing in the page is blocked', async (operation, tag, expected) => {
    visitor = await browser.visit();
    const { page, errors, requests } = visitor;
    await page.goto(`${app.url}/docs`);
    await page.locator(`#operations-${tag}-${operation} .opblock-summary-control`).click();
    await page.locator(`#operations-${tag}-${operation} .try-out__btn`).click();
    await page.locator(`#operations-${tag}-${operation} .execute`).click();
    const actual = page.locator(`#operations-${tag}-${operation} .live-responses-table .response`);
    await actual.waitFor();
    expect(await actual.locator('.response-col_status').first().innerText()).toContain('200');
    expect(await actual.innerText()).toContain(expected);
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(app.url) && !url.startsWith('data:'))).toEqual([]);
  });
});
