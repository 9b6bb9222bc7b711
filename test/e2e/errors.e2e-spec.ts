import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/bench.js';
import { assertErrorEnded, assertValidError, readContent } from '../support/checks.js';
import { getJson, HELLO, openStream, postJson } from '../support/client.js';
import { errorBody, httpError, type Script, scriptStream, steps } from '../support/upstream/index.js';

const KEY = 'sk-test-upstream-key';

describe('errors', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start({
      env: {
        BODY_LIMIT: '1mb',
        OPENAI_API_KEY: KEY,
        UPSTREAM_IDLE_TIMEOUT_MS: '2000',
        UPSTREAM_FIRST_TOKEN_TIMEOUT_MS: '400',
      },
    });
  });
  afterAll(() => bench.close());
  /** Checks that the server still works after each fault. */
  afterEach(async () => {
    bench.upstream.next(scriptStream('fine'));
    expect((await bench.ask()).status).toBe(200);
  });

  describe('of a request are sent in the form of OpenAI', () => {
    const post = (body: unknown, headers?: Record<string, string>) => postJson(bench.app.chatUrl, body, headers);

    it.each([
      ['half an object', '{"model":', 400, null, null],
      ['an array', [], 400, null, null],
      ['a string', '"hello"', 400, null, null],
      ['null', 'null', 400, null, null],
      ['no content', '', 400, null, null],
      ['no model', { messages: HELLO }, 400, 'model', 'missing_required_parameter'],
      ['no messages', { model: 'chat' }, 400, 'messages', 'missing_required_parameter'],
      ['empty messages', { model: 'chat', messages: [] }, 400, 'messages', 'empty_array'],
      ['a wrong type', { model: 'chat', messages: HELLO, temperature: '0.5' }, 400, 'temperature', 'invalid_type'],
      ['a stream that is a word', { model: 'chat', messages: HELLO, stream: 'true' }, 400, 'stream', 'invalid_type'],
      [
        'a wrong role',
        { model: 'chat', messages: [{ role: 'king', content: 'x' }] },
        400,
        'messages[0].role',
        'invalid_value',
      ],
      ['an unknown model', { model: 'gpt-9', messages: HELLO }, 404, 'model', 'model_not_found'],
      ['a prototype as model', { model: '__proto__', messages: HELLO }, 404, 'model', 'model_not_found'],
      [
        'stream options without a stream',
        { model: 'chat', messages: HELLO, stream_options: {} },
        400,
        'stream_options',
        'invalid_value',
      ],
    ])('for a wrong body: %s', async (_, body, status, param, code) => {
      const response = await post(body);
      assertValidError(response.json);
      expect(response.status).toBe(status);
      expect(response.json.error).toMatchObject({ type: 'invalid_request_error', param, code });
      expect(response.headers['x-request-id']).toMatch(/^req_/);
    });

    it('with a status, not a stream, even if a stream was requested', async () => {
      const { status, headers } = await post({ model: 'chat', stream: true, messages: [] });
      expect(status).toBe(400);
      expect(headers['content-type']).toContain('application/json');
    });

    it.each([
      ['seed', { seed: '9223372036854775807' }, 'seed'],
      ['negative seed', { seed: '-9007199254740993' }, 'seed'],
      ['number of tokens', { max_completion_tokens: '9007199254740993' }, 'max_completion_tokens'],
      ['bias of a token', { logit_bias: { '50256': '9007199254740993' } }, 'logit_bias.50256'],
      ['value in metadata', { metadata: { order: ['1', '12345678901234567890'] } }, 'metadata.order[1]'],
      [
        'bound in the schema of a tool',
        { tools: [{ type: 'function', function: { name: 'f', parameters: { maximum: '9007199254740993' } } }] },
        'tools[0].function.parameters.maximum',
      ],
      [
        'bound in the schema of the output',
        { response_format: { type: 'x', schema: { const: '1e400' } } },
        'response_format.schema.const',
      ],
      ['value nobody knows', { something: '9007199254740993.0' }, 'something'],
    ])('for a %s that would become another number', async (_, parameters, param) => {
      const body = { model: 'chat', messages: HELLO, ...parameters };
      // JavaScript cannot serialise these numbers.
      const text = JSON.stringify(body).replaceAll(/"(-?[\d.e]+)"(?!:)/g, '$1');
      const response = await post(text);
      assertValidError(response.json);
      expect(response.status).toBe(400);
      expect(response.json.error).toMatchObject({ type: 'invalid_request_error', param, code: 'inexact_number' });
    });

    it('but not for a number that stays the same', async () => {
      bench.upstream.next(scriptStream('Hi'));
      const text = JSON.stringify({ model: 'chat', messages: HELLO, temperature: 0.5 }).replace(
        '0.5',
        '0.12345678901234567890123,"seed":-9007199254740992,"metadata":{"id":"9007199254740993","big":1e23}',
      );
      expect((await post(text)).status).toBe(200);
      const { body } = await bench.upstream.request(bench.upstream.requests.length - 1);
      expect(body).toMatchObject({ seed: -9_007_199_254_740_992, temperature: 0.123_456_789_012_345_68 });
    });

    it('for a body that is too large', async () => {
      const response = await post({
        model: 'chat',
        messages: [{ role: 'user', content: 'x'.repeat(2 * 1024 * 1024) }],
      });
      assertValidError(response.json);
      expect(response.status).toBe(413);
    });

    it.each([
      ['content type', { 'content-type': 'text/plain' }],
      ['encoding', { 'content-encoding': 'rot13' }],
      ['charset', { 'content-type': 'application/json; charset=ebcdic' }],
    ])('for an unknown %s', async (_, headers) => {
      const response = await post(JSON.stringify({ model: 'chat', messages: HELLO }), headers);
      assertValidError(response.json);
      expect(response.status).toBe(415);
    });

    it.each(['/chat/completions', '/v1/v1/chat/completions'])(
      'for a base URL with one /v1 too few or too many: %s',
      async (path) => {
        const { status, json } = await postJson(`${bench.app.url}${path}`, { model: 'chat', messages: HELLO });
        assertValidError(json);
        expect([status, json.error.message]).toEqual([
          404,
          `Unknown request URL: POST ${path}. Did you mean POST /v1/chat/completions? The base URL that clients are given ends in /v1.`,
        ]);
      },
    );

    it('for an unknown route outside /v1', async () => {
      const { status, json } = await getJson(`${bench.app.url}/api/tags`);
      assertValidError(json);
      expect([status, json.error.message]).toEqual([
        404,
        'Unknown request URL: GET /api/tags. The API is below /v1: GET /v1/models is a start.',
      ]);
    });

    it('for an unknown route, with the routes that exist', async () => {
      const unknown = await getJson(`${bench.app.url}/v1/nothing`);
      assertValidError(unknown.json);
      expect([unknown.status, unknown.json.error.code]).toEqual([404, 'unknown_url']);
      const [start, routes = ''] = unknown.json.error.message.split(' There are: ');
      expect(start).toBe('Unknown request URL: GET /v1/nothing.');
      expect(routes.replace(/\.$/, '').split(', ').toSorted()).toEqual([
        'DELETE /v1/responses/{id}',
        'DELETE /v1/runs/{id}',
        'DELETE /v1/schedules/{id}',
        'GET /v1/chat/completions/{id}',
        'GET /v1/models',
        'GET /v1/models/{id}',
        'GET /v1/models/{id}/graph',
        'GET /v1/responses/{id}',
        'GET /v1/responses/{id}/input_items',
        'GET /v1/runs',
        'GET /v1/runs/{id}',
        'GET /v1/runs/{id}/events',
        'GET /v1/runs/{id}/inspection',
        'GET /v1/schedules',
        'GET /v1/schedules/{id}',
        'POST /v1/chat/completions',
        'POST /v1/responses',
        'POST /v1/responses/{id}/cancel',
        'POST /v1/runs',
        'POST /v1/runs/{id}/cancel',
        'POST /v1/runs/{id}/retry',
        'POST /v1/runs/{id}/ticket',
        'POST /v1/runs/{id}/waits/{name}',
        'PUT /v1/schedules/{id}',
      ]);
    });

    it('for an unknown model', async () => {
      const model = await getJson(`${bench.app.baseUrl}/models/nothing`);
      assertValidError(model.json);
      expect([model.status, model.json.error.code]).toEqual([404, 'model_not_found']);
    });

    it('for a method that a path does not have, with those that it has in Allow', async () => {
      const { text } = await getJson(`${bench.app.url}/v1/nothing`);
      const [, list = ''] = text.split(' There are: ');
      const routes = [...list.matchAll(/([A-Z]+) (\/v1\/[\w{}/]+)[,.]/g)].map(([, method, path]) => ({ method, path }));
      expect(routes.length).toBeGreaterThan(20);
      for (const { path } of routes) {
        const response = await fetch(bench.app.url + path?.replaceAll(/[{}]/g, ''), { method: 'PATCH' });
        const json: unknown = await response.json();
        assertValidError(json);
        expect([path, response.status, json]).toMatchObject([path, 405, { error: { code: 'method_not_supported' } }]);
        const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
        expect(new Set(response.headers.get('allow')?.split(', '))).toEqual(new Set(methods));
      }
    });

    it.each(['/v1/models/%E0%A4%A', '/%', '/health/live/%ff'])(
      'for a path that cannot be decoded: %s',
      async (path) => {
        const response = await getJson(`${bench.app.url}${path}`);
        assertValidError(response.json);
        expect([400, 404]).toContain(response.status);
      },
    );

    it('for a request that is not HTTP', async () => {
      const socket = connect(Number(new URL(bench.app.url).port), '127.0.0.1');
      socket.write('HELLO\r\n\r\n');
      let response = '';
      for await (const bytes of socket) response += String(bytes);
      expect(response).toMatch(/^HTTP\/1\.1 400 /);
      expect(response).toMatch(/x-request-id: req_/);
      assertValidError(JSON.parse(response.split('\r\n\r\n')[1] ?? ''));
    });
  });

  describe('of the upstream before the first byte have a status', () => {
    it.each([
      [
        'a bad key',
        httpError(401, errorBody(`Incorrect API key provided: ${KEY}`)),
        502,
        'server_error',
        'upstream_authentication',
      ],
      [
        'no permission',
        httpError(403, errorBody(`Project of ${KEY} may not`)),
        502,
        'server_error',
        'upstream_authentication',
      ],
      ['an unknown model', httpError(404, errorBody('no such model')), 502, 'server_error', 'upstream_not_found'],
      [
        'a rate limit',
        httpError(429, errorBody('slow down'), { 'retry-after': '7' }),
        429,
        'rate_limit_error',
        'rate_limit_exceeded',
      ],
      ['a bug', httpError(500, errorBody(`stack of ${KEY}`)), 502, 'server_error', 'upstream_error'],
      ['an overload', httpError(503, '<html>busy</html>'), 502, 'server_error', 'upstream_error'],
      ['a timeout of a proxy', httpError(504, '<html>gateway</html>'), 504, 'server_error', 'upstream_timeout'],
      ['a page with status 200', httpError(200, '<html>login</html>'), 502, 'server_error', 'upstream_bad_answer'],
      ['silence', [steps.gate()], 504, 'server_error', 'upstream_timeout'],
      ['a reset', [steps.reset()], 502, 'server_error', 'upstream_unreachable'],
      ['no finish reason', [steps.role(), steps.done()], 502, 'server_error', 'upstream_bad_answer'],
      ['an error as the first event', [steps.chunk(errorBody('first'))], 502, 'server_error', 'upstream_error'],
    ] as [string, Script, number, string, string][])('%s', async (_, script, status, type, code) => {
      for (const stream of [true, false]) {
        bench.upstream.next(script);
        const response = await bench.ask({ stream });
        assertValidError(response.json);
        expect([response.status, response.json.error.type, response.json.error.code]).toEqual([status, type, code]);
        expect(response.text).not.toContain(KEY);
        expect(response.text).not.toContain('<html>');
        expect(response.headers['retry-after']).toBe(status === 429 ? '7' : undefined);
      }
    });

    it("with the provider's message for a fault in the client's parameters, without what looks like a secret", async () => {
      const fault = {
        message: `Bad stop, see https://internal.example/x and ${KEY}`,
        type: 'invalid_request_error',
        param: 'stop',
        code: 'bad_stop',
      };
      bench.upstream.next(httpError(400, { error: fault }));
      const response = await bench.ask();
      assertValidError(response.json);
      expect(response.status).toBe(400);
      expect(response.json.error).toMatchObject({ param: 'stop', code: 'bad_stop' });
      expect(response.json.error.message).toContain('Bad stop');
      expect(response.text).not.toContain(KEY);
      expect(response.text).not.toContain('internal.example');
    });

    it('without a code or param that is not a word, and without the address of the model', async () => {
      const fault = {
        message: 'no file /srv/models/m.json on gpu7.models.internal (10.0.0.7:8000), token ghp_4f9a8b7c6d5e4f3a2b1c',
        type: 'x',
        param: KEY,
        code: 'x\n[Millrace] 1  - 2030-01-01T00:00:00.000Z     LOG [Access] forged',
      };
      bench.upstream.next(httpError(400, { error: fault }));
      const response = await bench.ask();
      assertValidError(response.json);
      expect(response.json.error).toMatchObject({
        message: 'no file [redacted] on [redacted] ([redacted]), token [redacted]',
        param: null,
        code: null,
      });
    });

    it.each(['Infinity', 'NaN', '-1', '1e99', '999999999999', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
      'without a retry-after of %s',
      async (retryAfter) => {
        bench.upstream.next(httpError(429, errorBody('busy'), { 'retry-after': retryAfter }));
        const response = await bench.ask();
        expect([response.status, response.headers['retry-after'], response.headers['retry-after-ms']]).toEqual([
          429,
          undefined,
          undefined,
        ]);
      },
    );

    it('if the upstream cannot be reached', async () => {
      const alone = await Bench.start({ env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' } });
      const response = await postJson(alone.app.chatUrl, { model: 'chat', messages: HELLO });
      await alone.close();
      assertValidError(response.json);
      expect([response.status, response.json.error.code]).toEqual([502, 'upstream_unreachable']);
    });
  });

  describe('in the middle of a stream are one frame and [DONE], after all text', () => {
    it.each([
      ['a reset', [steps.role(), steps.text('So far'), steps.delay(20), steps.reset()], 'upstream_connection_lost'],
      ['an early end', [steps.role(), steps.text('So far'), steps.done()], 'upstream_bad_answer'],
      ['silence', [steps.role(), steps.text('So far'), steps.stall()], 'upstream_timeout'],
      ['an error object', [steps.role(), steps.text('So far'), steps.chunk(errorBody(`of ${KEY}`))], 'upstream_error'],
      [
        'a named error event',
        [steps.role(), steps.text('So far'), steps.raw('event: error\ndata: {"message":"x"}\n\n')],
        'upstream_error',
      ],
      ['no JSON', [steps.role(), steps.text('So far'), steps.raw('data: {"choices":[\n\n')], 'upstream_bad_answer'],
    ] as [string, Script, string][])('%s', async (_, script, code) => {
      bench.upstream.next(script);
      const stream = await bench.open();
      const items = await stream.collect();
      expect(assertErrorEnded(items)).toMatchObject({ code });
      expect(readContent(items)).toBe('So far');
      expect(JSON.stringify(items)).not.toContain(KEY);
    });

    it('in the second step, after text of the first', async () => {
      bench.upstream.next(scriptStream('The first.')).next(httpError(500, errorBody('down')));
      const stream = await bench.open({ model: 'streaming' });
      const items = await stream.collect();
      assertErrorEnded(items);
      expect(readContent(items)).toBe('The first.');
      expect(items.some((item) => item.kind === 'data' && item.data.includes('"finish_reason":"'))).toBe(false);
    });

    it('for a structured output that does not fit its class', async () => {
      bench.upstream.next(scriptStream('{"thinking":"so","reply":7}'));
      const stream = await bench.open({ model: 'reasoning' });
      expect(assertErrorEnded(await stream.collect())).toMatchObject({ code: 'invalid_structured_output' });

      bench.upstream.next(scriptStream('{"thinking":"so","reply":"a","reply":"b"}'));
      const twice = await bench.open({ model: 'reasoning' });
      expect(assertErrorEnded(await twice.collect())).toMatchObject({ code: 'invalid_structured_output' });
    });

    it('or a status, if such an output is not streamed', async () => {
      bench.upstream.next(scriptStream('{"thinking":"so"}')).next(scriptStream('Sorry, no JSON'));
      for (let i = 0; i < 2; i++) {
        const response = await bench.ask({ model: 'reasoning' });
        assertValidError(response.json);
        expect([response.status, response.json.error.code]).toEqual([502, 'invalid_structured_output']);
        expect(response.text).not.toContain('Sorry');
      }
    });

    it('at the deadline of the run', async () => {
      const short = await Bench.start({ env: { RUN_TIMEOUT_MS: '150' } });
      short.upstream.next([steps.role(), steps.text('So far'), steps.stall()]).next([steps.role(), steps.stall()]);
      const stream = await openStream(short.app.chatUrl, { model: 'chat', stream: true, messages: HELLO });
      const items = await stream.collect();
      expect(assertErrorEnded(items)).toMatchObject({ code: 'run_timeout' });
      expect(readContent(items)).toBe('So far');
      const response = await postJson(short.app.chatUrl, { model: 'chat', messages: HELLO });
      expect([response.status, response.headers['x-should-retry']]).toEqual([504, 'false']);
      await short.close();
    });
  });

  it('a stream that holds nothing but its end is still one completion', async () => {
    bench.upstream.next([steps.role(), steps.finish('stop'), steps.done()]);
    const stream = await bench.open();
    const items = await stream.collect();
    expect(readContent(items)).toBe('');
  });
});
