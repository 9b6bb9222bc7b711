import { afterEach, describe, expect, it } from '@jest/globals';
import { Bench, TestApp } from '../support/app.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { httpError } from '../support/upstream/steps.js';
import { CHAT_JSON } from '../support/client.js';

const ORIGIN = 'https://app.example.com';

describe('the headers of every response', () => {
  let app: TestApp | undefined;
  let bench: Bench | undefined;
  afterEach(async () => {
    await app?.close();
    await bench?.close();
    app = bench = undefined;
  });
  const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

  it("are those of OpenAI's, on successes, streams and errors alike", async () => {
    bench = await Bench.start();
    bench.upstream.next(scriptStream('a')).next(scriptStream('b')).next(httpError(500, 'down'));
    const stream = CHAT_JSON.replace('{', '{"stream":true,');
    for (const body of [CHAT_JSON, stream, CHAT_JSON, '{', CHAT_JSON.replace('chat', 'none')]) {
      const response = await post(bench.app.chatUrl, body);
      await response.text();
      expect(response.headers.get('x-request-id')).toMatch(/^req_/);
      expect(response.headers.get('openai-version')).toBe('2020-10-01');
      expect(response.headers.get('openai-processing-ms')).toMatch(/^\d+$/);
      expect(response.headers.has('x-powered-by')).toBe(false);
    }
  });

  it('do not depend on what SDKs and gateways send along with a request', async () => {
    bench = await Bench.start();
    bench.upstream.next(scriptStream('a'));
    const response = await post(bench.app.chatUrl, CHAT_JSON, {
      authorization: 'Bearer sk-of-the-client',
      'openai-organization': 'org',
      'openai-beta': 'x=y',
      'idempotency-key': 'k',
      'x-stainless-retry-count': '1',
      'x-stainless-timeout': '600',
      accept: 'application/json',
    });
    expect(response.status).toBe(200);
    const { headers } = await bench.upstream.request(0);
    expect(headers.authorization).toBe('Bearer sk-test-upstream-key');
    expect(JSON.stringify(headers)).not.toContain('sk-of-the-client');
  });

  it('are sent for HEAD where GET is answered, and OPTIONS tells the methods', async () => {
    app = await TestApp.start();
    const head = await fetch(`${app.baseUrl}/models`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(app.chatUrl, { method: 'HEAD' })).status).toBe(405);
    const options = await fetch(app.chatUrl, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST']);
  });

  describe('for pages of other origins', () => {
    const preflight = (url: string, origin: string): Promise<Response> =>
      fetch(url, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
        },
      });

    it('are absent by default', async () => {
      app = await TestApp.start();
      expect((await preflight(app.chatUrl, ORIGIN)).headers.has('access-control-allow-origin')).toBe(false);
      const models = await fetch(`${app.baseUrl}/models`, { headers: { origin: ORIGIN } });
      expect(models.headers.has('access-control-allow-origin')).toBe(false);
    });

    it('allow the configured ones only', async () => {
      app = await TestApp.start({ env: { CORS_ORIGINS: `${ORIGIN}, http://localhost:3000` } });
      const allowed = await preflight(app.chatUrl, ORIGIN);
      expect(allowed.status).toBe(204);
      expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(allowed.headers.get('access-control-allow-methods')).toBe('GET,HEAD,POST,DELETE');
      expect(allowed.headers.get('access-control-allow-headers')).toBe('authorization,content-type,x-stainless-lang');
      const refused = await preflight(app.chatUrl, 'https://evil.example');
      expect(refused.headers.has('access-control-allow-origin')).toBe(false);
    });

    it('expose what SDKs read, with errors, too', async () => {
      app = await TestApp.start({ env: { CORS_ORIGINS: ORIGIN } });
      const failed = await post(app.chatUrl, '{', { origin: ORIGIN });
      expect(failed.status).toBe(400);
      expect(failed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(failed.headers.get('access-control-expose-headers')).toContain('x-request-id');
    });

    it('allow all with *', async () => {
      app = await TestApp.start({ env: { CORS_ORIGINS: '*' } });
      expect((await preflight(app.chatUrl, ORIGIN)).headers.get('access-control-allow-origin')).toBe('*');
    });
  });
});
