import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Bench, TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { FakeLangfuse } from '../support/fake-langfuse.js';
import { ForwardProxy } from '../support/forward-proxy.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { catchRejection } from '../support/rejection.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { ensureServerIsBuilt, startServerProcess } from '../support/server-process.js';
import { scriptStream } from '../support/upstream/scripts.js';

const REQUEST = { model: 'chat', messages: [{ role: 'developer', content: 'Be kind.' }, ...HELLO] };

describe('the settings of a model provider', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });
  const start = async (env: Record<string, string> = {}): Promise<Bench> => {
    const bench = await Bench.start({ env });
    open.push(bench);
    bench.upstream.always(scriptStream('Hello'));
    return bench;
  };
  /** @param path the upstream's path with its query */
  const startAt = async (path: string, readAddress: (origin: string) => Record<string, string>) => {
    const upstream = await ScriptedUpstream.start(path);
    open.push(upstream);
    upstream.always(scriptStream('Hello'));
    const app = await TestApp.start({ env: readAddress(upstream.origin) });
    open.push(app);
    expect((await postJson(app.chatUrl, REQUEST)).status).toBe(200);
    return upstream;
  };

  it.each([
    [{}, 'system'],
    [{ OPENAI_DEVELOPER_ROLE: 'off' }, 'system'],
    [{ OPENAI_DEVELOPER_ROLE: 'on' }, 'developer'],
    [{ OPENAI_MESSAGES: 'openai' }, 'developer'],
    [{ OPENAI_MESSAGES: 'openai', OPENAI_DEVELOPER_ROLE: 'off' }, 'system'],
  ])('%j send a developer message as %s', async (env, role) => {
    const bench = await start(env);
    await postJson(bench.app.chatUrl, REQUEST);
    expect(bench.upstream.requests[0]?.body.messages[0]).toEqual({ role, content: 'Be kind.' });
  });

  it('add headers, and replace those of the server', async () => {
    const bench = await start({ OPENAI_HEADERS: 'X-Team=a%20team, x-route=blue,Authorization=Basic%20abc=' });
    await postJson(bench.app.chatUrl, REQUEST);
    expect(bench.upstream.requests[0]?.headers).toMatchObject({
      'x-team': 'a team',
      'x-route': 'blue',
      authorization: 'Basic abc=',
      'content-type': 'application/json',
    });
  });

  it('keep the query of an address', async () => {
    const upstream = await startAt('/v1/chat/completions?api-version=2024-10-21&a=%20b', (origin) => ({
      OPENAI_BASE_URL: `${origin}/v1/?api-version=2024-10-21&a=%20b`,
    }));
    expect(upstream.requests).toHaveLength(1);
  });

  it('send the user and password of an address', async () => {
    const upstream = await startAt('/v1/chat/completions', (origin) => ({
      OPENAI_BASE_URL: `${origin.replace('://', '://ann:p%40ss@')}/v1`,
    }));
    expect(upstream.requests[0]?.headers.authorization).toBe(`Basic ${btoa('ann:p@ss')}`);
  });

  it.each([
    [{ OPENAI_HEADERS: 'no list' }, 'OPENAI_HEADERS must be a list such as name=value'],
    [{ OPENAI_HEADERS: 'content-type=text/plain' }, 'OPENAI_HEADERS must be a list'],
    [{ OPENAI_DEVELOPER_ROLE: 'perhaps' }, 'OPENAI_DEVELOPER_ROLE must be on or off'],
    [{ OPENAI_MESSAGES: 'simple' }, 'OPENAI_MESSAGES must be one of openai, plain'],
    [{ OPENAI_BASE_URL: 'http://ann:secret@127.0.0.1/v1', OPENAI_API_KEY: 'sk-1' }, 'both would be its authorization'],
    [{ OPENAI_BASE_URL: 'http://127.0.0.1/v1#a' }, 'OPENAI_BASE_URL must not have a part after #'],
    [
      { OPENAI_BASE_URL: 'http://127.0.0.1/v1/chat/completions/?a=b' },
      'OPENAI_BASE_URL must end before /chat/completions',
    ],
    [
      { AZURE_OPENAI_ENDPOINT: 'https://a.example/?api-version=1' },
      'AZURE_OPENAI_ENDPOINT must not have a part after ?',
    ],
    [{ LANGFUSE_BASE_URL: 'http://ann:secret@127.0.0.1' }, 'LANGFUSE_BASE_URL must not hold a user or a password'],
    [{ LANGFUSE_BASE_URL: 'http://127.0.0.1/?a=b' }, 'LANGFUSE_BASE_URL must not have a part after ?'],
    [{ HTTPS_PROXY: 'socks5://127.0.0.1:1080' }, 'HTTPS_PROXY must be the address of an HTTP proxy'],
  ])('%j stop the start', async (env, words) => {
    const failure = await catchRejection(TestApp.start({ env: env }));
    expect(String(failure)).toContain(words);
    expect(String(failure)).not.toMatch(/secret|sk-1/);
  });

  describe('together with a proxy', () => {
    const startProxy = async () => {
      const proxy = await ForwardProxy.start();
      open.push(proxy);
      return proxy;
    };

    it.each(['HTTP_PROXY', 'http_proxy'])('send requests through %s, with its credentials', async (name) => {
      const proxy = await startProxy();
      const bench = await start({ [name]: `ann:pass@${proxy.host}` });
      expect((await postJson(bench.app.chatUrl, REQUEST)).status).toBe(200);
      expect(proxy.tunnels).toEqual([new URL(bench.upstream.url).host]);
      expect(proxy.credentials).toEqual([`Basic ${btoa('ann:pass')}`]);
    });

    it.each([
      ['another scheme', { HTTPS_PROXY: 'set' }],
      ['a host that is excepted', { HTTP_PROXY: 'set', NO_PROXY: 'example.com,127.0.0.1' }],
      ['all hosts', { HTTP_PROXY: 'set', no_proxy: '*' }],
    ])('leave out a proxy for %s', async (_, env) => {
      const proxy = await startProxy();
      const bench = await start(
        Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value === 'set' ? proxy.url : value])),
      );
      expect((await postJson(bench.app.chatUrl, REQUEST)).status).toBe(200);
      expect(proxy.tunnels).toEqual([]);
    });

    it('open tunnels to https servers through HTTPS_PROXY', async () => {
      const proxy = await startProxy();
      const app = await TestApp.start({
        env: { OPENAI_BASE_URL: 'https://127.0.0.1:9/v1', HTTPS_PROXY: proxy.url, UPSTREAM_MAX_RETRIES: '0' },
      });
      open.push(app);
      expect((await postJson(app.chatUrl, REQUEST)).status).toBe(502);
      expect(proxy.tunnels).toEqual(['127.0.0.1:9']);
    });

    it('take nothing from the environment of the process itself', async () => {
      process.env['HTTP_PROXY'] = 'http://127.0.0.1:9';
      try {
        const bench = await start();
        expect((await postJson(bench.app.chatUrl, REQUEST)).status).toBe(200);
      } finally {
        delete process.env['HTTP_PROXY'];
      }
    });
  });
});

describe('a server behind a proxy', () => {
  beforeAll(ensureServerIsBuilt, 120_000);

  it('sends its traces through it', async () => {
    const proxy = await ForwardProxy.start();
    const langfuse = await FakeLangfuse.start({ publicKey: 'pk-visible', secretKey: 'sk-visible' });
    const server = await startServerProcess({
      env: {
        HTTP_PROXY: proxy.url,
        DEMO_TOKENS_PER_SECOND: '0',
        LANGFUSE_PUBLIC_KEY: 'pk-visible',
        LANGFUSE_SECRET_KEY: 'sk-visible',
        LANGFUSE_BASE_URL: langfuse.url,
      },
    });
    try {
      expect((await postJson(`${server.url}/v1/chat/completions`, { model: 'chat', messages: HELLO })).status).toBe(
        200,
      );
      await eventually(() => langfuse.traces().length === 1);
      expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(langfuse.url).host]));
    } finally {
      await server.process.stop();
      await langfuse.close();
      await proxy.close();
    }
  });
});
