import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { expectRefused, HostileClient, INSIDE } from '../support/hostile-client.js';
import { getJson, postJson } from '../support/http-client.js';
import { CHAT, CHAT_JSON } from '../support/messages.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { writePost, writeRequest } from '../support/raw-http.js';

describe('security', () => {
  let client: HostileClient;
  beforeAll(async () => {
    client = await HostileClient.start();
  });
  afterEach(() => client.leaveUnharmed());
  afterAll(() => client.close());

  describe('headers for browsers', () => {
    const API = "default-src 'none'; frame-ancestors 'none'";
    it.each([
      ['a list', 'GET /v1/models', API],
      ['a probe', 'GET /health/ready', API],
      ['metrics', 'GET /metrics', API],
      ['an image', 'GET /v1/models/chat/graph?format=svg', "default-src 'none'; style-src 'unsafe-inline'"],
      ['the OpenAPI document', 'GET /docs-json', API],
      ['an unknown route', 'GET /none', API],
      ['a wrong method', 'DELETE /v1/models', API],
      ['a preflight', 'OPTIONS /v1/models', API],
      ['Swagger UI', 'GET /docs', "script-src 'self'"],
      ['a script of Swagger UI', 'GET /docs/swagger-ui-bundle.js', "script-src 'self'"],
      ['the playground', 'GET /', "script-src 'self'"],
      ['a script of the playground', 'GET /playground/js/main.js', "script-src 'self'"],
      ['what is no HTTP', 'GET  /  x', API],
    ])('are there for %s', async (_, line, policy) => {
      const { head } = await client.readResponse(writeRequest(line));
      const [, ...lines] = head.toLowerCase().trimEnd().split('\r\n');
      const headers = Object.fromEntries(lines.map((each) => each.split(/: (.*)/, 2))) as Record<string, string>;
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'deny',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      const { 'content-security-policy': sentPolicy } = headers;
      expect(sentPolicy).toContain(policy);
      expect(sentPolicy).toContain("default-src 'none'");
      expect(sentPolicy).not.toMatch(/script-src[^;]*unsafe/);
      // Strict transport security is up to the gateway that terminates TLS. The name of the software stays private.
      for (const name of ['strict-transport-security', 'x-powered-by', 'server', 'set-cookie']) {
        expect([name, headers[name]]).toEqual([name, undefined]);
      }
    });

    it('are there for both kinds of a completion, once each', async () => {
      for (const body of [CHAT_JSON, CHAT_JSON.replace('{', '{"stream":true,')]) {
        const { status, head } = await client.readResponse(writePost(body));
        expect(status).toBe(200);
        expect(head.match(/^x-content-type-options: nosniff/gim)).toHaveLength(1);
        expect(head.match(/^content-security-policy: default-src 'none'; frame-ancestors 'none'/gim)).toHaveLength(1);
      }
    });

    it.each([
      ['text/plain', CHAT_JSON],
      ['application/x-www-form-urlencoded', 'model=chat&messages=x'],
      ['multipart/form-data; boundary=b', '--b\r\n\r\n--b--'],
    ])('are not the only protection from foreign pages: a form that sends %s runs nothing', async (type, body) => {
      // A page may send these requests without a preflight. All others need one, which is refused by default.
      const response = await postJson(client.app.chatUrl, body, {
        'content-type': type,
        origin: 'https://evil.example',
      });
      expectRefused({ status: response.status, body: response.text }, [415]);
      expect(response.headers).not.toHaveProperty('access-control-allow-origin');
    });
  });

  describe('request ids', () => {
    const idIn = (head: string): string | undefined => /^x-request-id: (.*)$/im.exec(head)?.[1];
    it.each([
      ['too long', `x-request-id: ${'a'.repeat(129)}`],
      ['with a space', 'x-request-id: a b'],
      ['with quotes', 'x-request-id: "><script>'],
      ['in Unicode', 'x-request-id: ключ'],
      ['with a tab', 'x-request-id: a\tb'],
      ['sent twice', 'x-request-id: a\r\nx-request-id: b'],
      ['empty', 'x-request-id:'],
      ['encoded', 'x-request-id: a%0d%0aset-cookie:%20a=b'],
    ])('%s are replaced', async (_, header) => {
      const { status, head } = await client.readResponse(writeRequest('GET /health/live', [header]));
      expect([status, idIn(head)]).toEqual([200, expect.stringMatching(/^req_[0-9a-f]{24}$/)]);
      expect(head).not.toMatch(/^set-cookie/im);
    });

    it.each([
      ['a bare CR', 'x-request-id: a\rset-cookie: a=b'],
      ['a bare LF', 'x-request-id: a\nset-cookie: a=b'],
      ['a folded line', 'x-request-id: a\r\n b'],
      ['a zero byte', 'x-request-id: a\0b'],
    ])('with %s cannot put anything into a response', async (_, header) => {
      const { head } = await client.readResponse(writeRequest('GET /health/live', [header]));
      expect(idIn(head)).toMatch(/^(req_[0-9a-f]{24}|a)$/);
      expect(head).not.toMatch(/^set-cookie/im);
    });
  });

  describe('names of prototypes', () => {
    const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'then'];

    it.each(NAMES)('%s is no model', async (name) => {
      const asked = await postJson(client.app.chatUrl, { ...CHAT, model: name });
      expect([asked.status, asked.json]).toEqual([
        404,
        { error: expect.objectContaining({ code: 'model_not_found' }) },
      ]);
      for (const path of [name, `${name}/graph`]) {
        const { status, text } = await getJson(`${client.app.baseUrl}/models/${path}`);
        expectRefused({ status, body: text }, [404]);
      }
    });

    it.each([
      ['at the top', CHAT_JSON.replace('{', '{"__proto__":{"polluted":1,"stream":true},')],
      [
        'in metadata',
        CHAT_JSON.replace('{', '{"metadata":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}},'),
      ],
      ['in a message', CHAT_JSON.replace('"role"', '"__proto__":{"polluted":1},"role"')],
      ['in an unknown parameter', CHAT_JSON.replace('{', '{"extra":{"constructor":{"prototype":{"polluted":1}}},')],
    ])('as keys %s stay keys', async (_, body) => {
      const response = await postJson(client.app.chatUrl, body);
      expect(response.status).toBe(200);
      // If `stream` were inherited, the response would be a stream.
      expect(response.json).toMatchObject({ object: 'chat.completion' });
    });

    it.each([
      ['__proto__[polluted]=1&constructor[prototype][polluted]=1', 200],
      ['format[]=json', 400],
      ['format=json&format=svg', 400],
      ['format=__proto__', 400],
      ['format=constructor', 400],
    ])('and other pollution of a query do nothing: %s', async (query, status) => {
      const response = await getJson(`${client.app.baseUrl}/models/chat/graph?${query}`);
      expect(response.status).toBe(status);
      expect(response.text).not.toMatch(INSIDE);
    });
  });

  describe('addresses', () => {
    it.each([
      '/v1/models/../../../etc/passwd',
      '/v1/models/..%2f..%2f..%2fetc%2fpasswd',
      '/v1/models/%2e%2e/%2e%2e/graph',
      '/v1/models/..%5c..%5cpackage.json/graph',
      '/v1/models/chat%00',
      '/playground/../../package.json',
      '/playground/../playground-assets.js',
      '/playground/%2e%2e/playground-assets.js',
      '/playground/..%2fplayground-assets.js',
      '/playground/..%5cplayground-assets.js',
      '/playground//etc/passwd',
      '/playground/js/types.d.ts',
      '/playground/__proto__',
      '/playground/vendor/../../../../package.json',
      '/docs/../package.json',
      '/docs/..%2fpackage.json',
      '/docs/%2e%2e/package.json',
      '/docs/..%5cpackage.json',
      '/docs/%00',
      '/docs/.npmrc',
      '//evil.example/%2e%2e',
      '/.env',
      '/.git/config',
      '/package.json',
    ])('lead to nothing else: %s', async (path) => {
      expectRefused(await client.readResponse(writeRequest(`GET ${path}`)), [400, 403, 404]);
    });

    it('may be long up to a limit', async () => {
      expect((await client.readResponse(writeRequest(`GET /v1/models?${'a'.repeat(8_000)}`))).status).toBe(200);
      const unknown = await client.readResponse(writeRequest(`GET /v1/models/${'a'.repeat(8_000)}`));
      expectRefused(unknown, [404]);
      expect(unknown.body.length).toBeLessThan(1_000);
      expectRefused(await client.readResponse(writeRequest(`GET /v1/models/${'a'.repeat(20_000)}`)), [431]);
    });

    it('of another host change nothing', async () => {
      const known = await client.readResponse(writeRequest('GET /v1/models'));
      for (const request of [
        writeRequest('GET /v1/models').replace('host: x', 'host: evil.example'),
        writeRequest('GET /v1/models', ['x-forwarded-host: evil.example', 'forwarded: host=evil.example']),
        writeRequest('GET http://evil.example/v1/models'),
      ]) {
        const { status, body } = await client.readResponse(request);
        expect([status, body]).toEqual([200, known.body]);
      }
      const page = await client.readResponse(writeRequest('GET /docs').replace('host: x', 'host: evil.example'));
      expect(page.head + page.body).not.toContain('evil.example');
    });

    it.each([
      ['no host', writeRequest('GET /v1/models').replace('host: x\r\n', '')],
      ['two hosts', writeRequest('GET /v1/models', ['host: y'])],
    ])('with %s are answered once, by Node or by the route', async (_, request) => {
      const { status, body } = await client.readResponse(request);
      expect([200, 400]).toContain(status);
      expect(body).not.toMatch(INSIDE);
    });
  });

  describe('methods', () => {
    it.each([
      ['x-http-method-override: DELETE', 'GET /v1/models', 200],
      ['x-http-method: POST', 'GET /v1/chat/completions', 405],
      ['x-method-override: GET', 'DELETE /v1/models', 405],
      ['x: y', 'GET /v1/chat/completions?_method=POST', 405],
    ])('are those of the request line, not of %s', async (header, line, status) => {
      expect((await client.readResponse(writeRequest(line, [header]))).status).toBe(status);
    });

    it.each(['TRACE', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'PURGE'])('%s is refused', async (method) => {
      const { status, body } = await client.readResponse(writeRequest(`${method} /v1/models`, ['cookie: secret=1']));
      expectRefused({ status, body }, [405]);
      expect(body).not.toContain('secret');
    });

    it('CONNECT opens no tunnel', async () => {
      const responses = await client.exchange(writeRequest('CONNECT 127.0.0.1:22'));
      expect(responses.filter(({ status }) => status < 400)).toEqual([]);
    });

    it('and protocols cannot be changed', async () => {
      const { status } = await client.readResponse(
        writeRequest('GET /v1/models')
          .replace('connection: close', 'connection: upgrade\r\nupgrade: h2c')
          .replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'),
      );
      expect(status).toBe(200);
    });
  });

  it('tells nobody the keys: neither the caller its own, nor the model that of the caller', async () => {
    const secret = 'sk-client-'.padEnd(48, 's');
    const bench = await Bench.start({ env: { API_KEYS: secret } });
    try {
      const wrong = await postJson(bench.app.chatUrl, CHAT, { authorization: `Bearer ${secret}x` });
      expect(wrong.status).toBe(401);
      expect(wrong.text + JSON.stringify(wrong.headers)).not.toContain('sk-client');
      bench.upstream.next(scriptStream('Hi'));
      expect((await postJson(bench.app.chatUrl, CHAT, { authorization: `Bearer ${secret}` })).status).toBe(200);
      const { headers, body } = await bench.upstream.request(0);
      expect(JSON.stringify([headers, body])).not.toContain('sk-client');
    } finally {
      await bench.close();
    }
  });
});

describe('dependencies', () => {
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as Record<string, unknown>;

  it('are exact versions, but for those that an application shares with its own Nest', () => {
    const { dependencies, devDependencies } = read('package.json') as Record<string, Record<string, string>>;
    const all = Object.entries({ ...dependencies, ...devDependencies });
    expect(all.length).toBeGreaterThan(40);
    const loose = all.filter(([, version]) => !/^(npm:[@\w/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
    expect(loose.map(([name]) => name)).toEqual(['@types/express', 'cors', 'express']);
  });

  it('are locked by what they contain, wherever they are fetched from', () => {
    const { packages, lockfileVersion } = read('package-lock.json') as {
      readonly packages: Record<
        string,
        { readonly resolved?: string; readonly integrity?: string; readonly link?: boolean }
      >;
      readonly lockfileVersion: number;
    };
    expect(lockfileVersion).toBe(3);
    const all = Object.entries(packages).filter(([path]) => path !== '');
    expect(all.length).toBeGreaterThan(300);
    expect(all.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
    expect(all.filter(([, one]) => one.resolved !== undefined || one.link === true)).toEqual([]);
  });
});
