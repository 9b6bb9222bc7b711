import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { stringify } from 'yaml';
import { Bench, MetricsPage, RecordingTracer, type TestAppOptions } from '../support/bench.js';
import { assertValidError, catchRejection, eventually } from '../support/checks.js';
import { CHAT, getJson, HELLO, openStream, postJson, send } from '../support/client.js';
import { scriptStream } from '../support/upstream/index.js';
import { ANN_KEY, BOB_KEY, hashKey, makeBearer } from '../support/callers.js';

describe('API keys', () => {
  let bench: Bench;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-keys-'));
  });
  afterEach(async () => {
    await bench.close();
    await rm(folder, { recursive: true });
  });

  const start = async (env: Record<string, string>, options: TestAppOptions = {}): Promise<Bench> =>
    (bench = await Bench.start({ ...options, env }));
  const file = (): string => join(folder, 'keys.yaml');
  const write = (entries: readonly object[]): Promise<void> => writeFile(file(), stringify(entries));
  const statusFor = async (key: string): Promise<number> =>
    (await getJson(`${bench.app.baseUrl}/models`, makeBearer(key))).status;

  it('are not asked for where none are configured', async () => {
    await start({});
    bench.upstream.next(scriptStream('Hi'));
    expect((await postJson(bench.app.chatUrl, CHAT)).status).toBe(200);
    expect((await getJson(`${bench.app.baseUrl}/models`)).status).toBe(200);
  });

  it('are asked for under /v1', async () => {
    await start({ API_KEYS: ANN_KEY });
    const guarded = ['/v1/models', '/V1/models', '/v1/models/chat', '/v1/models/chat/graph', '/v1/nothing', '/v1/'];
    for (const path of guarded) {
      const { status, json, headers } = await getJson(bench.app.url + path);
      expect([path, status]).toEqual([path, 401]);
      assertValidError(json);
      expect(json.error).toMatchObject({ type: 'invalid_request_error', param: null, code: 'invalid_api_key' });
      expect(headers['www-authenticate']).toBe('Bearer');
      expect(headers['x-request-id']).toMatch(/^req_/);
    }
  });

  it('are asked for nowhere else', async () => {
    await start({ API_KEYS: ANN_KEY });
    const { url } = bench.app;
    for (const path of ['/health/live', '/health/ready', '/metrics', '/docs-json', '/']) {
      expect([path, (await getJson(url + path)).status]).toEqual([path, 200]);
    }
    expect((await getJson(`${url}/nothing`)).status).toBe(404);
    const options = await send('OPTIONS', `${url}/v1/models`, undefined).response;
    options.resume();
    expect(options.statusCode).toBe(204);
  });

  it.each([
    ['Bearer', makeBearer(ANN_KEY)],
    ['bearer', { authorization: `bearer  ${ANN_KEY}` }],
    ['api-key', { 'api-key': ANN_KEY }],
    ['x-api-key', { 'x-api-key': ANN_KEY }],
  ])('are accepted as %s', async (_, headers) => {
    await start({ API_KEYS: `${BOB_KEY},ann=${hashKey(ANN_KEY)}` });
    bench.upstream.next(scriptStream('Hi'));
    expect((await postJson(bench.app.chatUrl, CHAT, headers)).status).toBe(200);
  });

  it.each([
    ['another key', makeBearer('sk-mr-nobodys')],
    ['a part of a key', makeBearer(ANN_KEY.slice(0, -1))],
    ['its own hash', makeBearer(hashKey(ANN_KEY))],
    ['the bare hash', makeBearer(hashKey(ANN_KEY).slice('sha256:'.length))],
    ['another scheme', { authorization: `Basic ${ANN_KEY}` }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a token, where none are taken', makeBearer('e30.e30.e30')],
    ['a name', makeBearer('ann')],
    ['a name of JavaScript', makeBearer('__proto__')],
  ])('are never %s', async (_, headers) => {
    await start({ API_KEYS: `ann=${hashKey(ANN_KEY)}` });
    const { status, json, text } = await postJson(bench.app.chatUrl, CHAT, headers);
    expect(status).toBe(401);
    assertValidError(json);
    expect(text).not.toContain('sk-mr');
  });

  it('are checked before a body is read', async () => {
    await start({ API_KEYS: ANN_KEY, BODY_LIMIT: '1kb' });
    const big = { ...CHAT, messages: [{ role: 'user', content: 'x'.repeat(200_000) }] };
    expect((await postJson(bench.app.chatUrl, big)).status).toBe(401);
    expect((await postJson(bench.app.chatUrl, '{broken')).status).toBe(401);
    expect((await postJson(bench.app.chatUrl, big, makeBearer(ANN_KEY))).status).toBe(413);
    expect((await postJson(bench.app.chatUrl, '{broken', makeBearer(ANN_KEY))).status).toBe(400);
  });

  it('make the openai SDK throw the errors that it has for them', async () => {
    await write([{ name: 'ann', hash: hashKey(ANN_KEY), workflows: ['chat'] }]);
    await start({ API_KEYS_FILE: file() });
    const client = (apiKey: string): OpenAI => new OpenAI({ baseURL: bench.app.baseUrl, apiKey });
    const unknown = await catchRejection(
      client('sk-wrong').chat.completions.create({ model: 'chat', messages: HELLO }),
    );
    expect(unknown).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(unknown).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' });
    const forbidden = await catchRejection(
      client(ANN_KEY).chat.completions.create({ model: 'streaming', messages: HELLO, stream: true }),
    );
    expect(forbidden).toBeInstanceOf(OpenAI.NotFoundError);
    expect(forbidden).toMatchObject({ status: 404, code: 'model_not_found' });
    expect(await catchRejection(client(ANN_KEY).models.retrieve('default'))).toBeInstanceOf(OpenAI.NotFoundError);
    bench.upstream.next(scriptStream('Hi'));
    const completion = await client(ANN_KEY).chat.completions.create({ model: 'chat', messages: HELLO });
    expect(completion.choices[0]?.message.content).toBe('Hi');
  });

  it('show only the workflows that they may use, by id and by alias', async () => {
    await write([
      { name: 'ann', hash: hashKey(ANN_KEY), workflows: ['stream*', 'no-such'] },
      { name: 'bob', hash: hashKey(BOB_KEY), workflows: [] },
    ]);
    await start({ API_KEYS_FILE: file() });
    const listModels = async (key: string): Promise<string[]> => {
      const { json } = await getJson(`${bench.app.baseUrl}/models`, makeBearer(key));
      return (json as { data: { id: string }[] }).data.map(({ id }) => id);
    };
    expect(await listModels(ANN_KEY)).toEqual(['streaming', 'default']);
    expect(await listModels(BOB_KEY)).toEqual([]);
    const get = async (path: string): Promise<number> =>
      (await getJson(`${bench.app.baseUrl}/models/${path}`, makeBearer(ANN_KEY))).status;
    expect([await get('default'), await get('default/graph'), await get('chat'), await get('chat/graph')]).toEqual([
      200, 200, 404, 404,
    ]);
    expect((await postJson(bench.app.chatUrl, { ...CHAT, model: 'nothing' }, makeBearer(ANN_KEY))).status).toBe(404);
    expect((await postJson(bench.app.chatUrl, CHAT, makeBearer(ANN_KEY))).status).toBe(404);
  });

  it('do not tell which other workflows there are', async () => {
    await write([{ name: 'ann', hash: hashKey(ANN_KEY), workflows: ['streaming'] }]);
    await start({ API_KEYS_FILE: file() }, { tracer: new RecordingTracer() });
    const { baseUrl, chatUrl, url } = bench.app;
    /** Everything that a client gets for requests with this name, without the name itself. */
    const readSeen = async (name: string): Promise<unknown[]> => {
      const bodies = [
        { ...CHAT, model: name },
        { ...CHAT, model: name, stream: true },
        // The workflow exists, and would refuse these parameters.
        { ...CHAT, model: name, stream: false, stream_options: { include_usage: true } },
        {
          ...CHAT,
          model: name,
          top_logprobs: 3,
          logprobs: true,
          tools: [{ type: 'function', function: { name: 'look' } }],
          response_format: { type: 'json_object' },
        },
      ];
      const responses = [
        ...(await Promise.all(
          ['', '/graph', '/graph?format=png'].map((path) =>
            getJson(`${baseUrl}/models/${name}${path}`, makeBearer(ANN_KEY)),
          ),
        )),
        ...(await Promise.all(
          bodies.map((body) => postJson(chatUrl, body, { ...makeBearer(ANN_KEY), 'idempotency-key': 'k' })),
        )),
      ];
      return responses.map(({ status, headers, json }) => {
        assertValidError(json);
        return [status, Object.keys(headers).toSorted(), JSON.stringify(json).replaceAll(name, '*')];
      });
    };
    const hidden = await readSeen('chat');
    expect(hidden).toEqual(await readSeen('nope'));
    expect(hidden.map((each) => (each as [number])[0])).toEqual(hidden.map(() => 404));
    // Operators see in the metrics which names exist.
    const page = await MetricsPage.of(url);
    const countRefused = (outcome: string): number => page.sum('millrace_requests_total', { outcome });
    expect([countRefused('forbidden'), countRefused('unknown_model')]).toEqual([hidden.length, hidden.length]);
    expect(page.sum('millrace_requests_total', { outcome: 'forbidden', workflow: 'chat' })).toBe(4);
  });

  it('can be disabled, and expire', async () => {
    await write([
      { name: 'ann', hash: hashKey(ANN_KEY), disabled: true },
      { name: 'bob', hash: hashKey(BOB_KEY), expires: '2020-01-31T00:00:00Z' },
      { name: 'eve', hash: hashKey('sk-eve'), expires: '2999-01-31', disabled: false },
    ]);
    await start({ API_KEYS_FILE: file() });
    const responses = await Promise.all(
      [ANN_KEY, BOB_KEY].map((key) => getJson(`${bench.app.baseUrl}/models`, makeBearer(key))),
    );
    expect(
      responses.map(({ status, json }) => [status, (json as { error: { message: string } }).error.message]),
    ).toEqual([
      [401, 'This API key is disabled.'],
      [401, 'This API key has expired.'],
    ]);
    expect(await statusFor('sk-eve')).toBe(200);
  });

  it('change with their file, and an open stream continues', async () => {
    await write([{ name: 'ann', hash: hashKey(ANN_KEY) }]);
    await start({ API_KEYS_FILE: file() });
    let say: () => void = () => undefined;
    const said = new Promise<void>((resolve) => (say = resolve));
    bench.upstream.next(scriptStream(['Hel', { kind: 'wait', until: said }, 'lo']));
    const stream = await openStream(bench.app.chatUrl, { ...CHAT, stream: true }, { headers: makeBearer(ANN_KEY) });
    expect(await statusFor(BOB_KEY)).toBe(401);
    await write([{ name: 'bob', hash: hashKey(BOB_KEY) }]);
    await eventually(async () => (await statusFor(BOB_KEY)) === 200, { message: 'the new key' });
    expect(await statusFor(ANN_KEY)).toBe(401);
    say();
    expect(JSON.stringify(await stream.collect())).toContain('lo');
  });

  it('stay as they are while their file is wrong or away', async () => {
    await write([{ name: 'ann', hash: hashKey(ANN_KEY) }]);
    await start({ API_KEYS_FILE: file() });
    const errors: string[] = [];
    const ignore = (): void => undefined;
    bench.app.nest.useLogger({ log: ignore, warn: ignore, error: (message: string) => errors.push(message) });
    const expired = `- { name: bob, hash: "${hashKey(BOB_KEY)}", expires: 20200131 }`;
    for (const text of [`- name: bob\n  hash: ${BOB_KEY}\n`, expired, ': {', '', undefined]) {
      const before = errors.length;
      if (text === undefined) await rm(file());
      else await writeFile(file(), text);
      await eventually(() => errors.length > before, { message: `the fault of ${text}` });
      expect([await statusFor(ANN_KEY), await statusFor(BOB_KEY)]).toEqual([200, 401]);
    }
    expect(errors[0]).toMatch(/keys known before hold\. entry 1 \("bob"\): hash must be sha256:/);
    expect(errors[1]).toMatch(/keys known before hold\. entry 1 \("bob"\): expires must be a date such as 2027-01-31/);
    expect(errors.join()).not.toContain(BOB_KEY);
    expect(errors.at(-1)).toContain('cannot be read: ENOENT');
    await write([{ name: 'bob', hash: hashKey(BOB_KEY) }]);
    await eventually(async () => (await statusFor(BOB_KEY)) === 200);
  });

  it('change with a link to another folder, as Kubernetes mounts them', async () => {
    for (const [name, key] of [
      ['v1', ANN_KEY],
      ['v2', BOB_KEY],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'keys.yaml'), stringify([{ name, hash: hashKey(key) }]));
    }
    await symlink('v1', join(folder, '..data'));
    await symlink(join('..data', 'keys.yaml'), file());
    await start({ API_KEYS_FILE: file() });
    expect([await statusFor(ANN_KEY), await statusFor(BOB_KEY)]).toEqual([200, 401]);
    await symlink('v2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await eventually(async () => (await statusFor(BOB_KEY)) === 200, { message: 'the new key' });
    expect(await statusFor(ANN_KEY)).toBe(401);
  });

  it.each(['json', 'yaml'] as const)('change by the thousands without holding up open streams: %s', async (format) => {
    await write([{ name: 'ann', hash: hashKey(ANN_KEY) }]);
    await start({ API_KEYS_FILE: file() });
    const entries = Array.from({ length: format === 'json' ? 10_000 : 5_000 }, (_, index) => ({
      name: `key-${index}`,
      hash: hashKey(`sk-${index}`),
      workflows: ['chat', 'research*'],
      limits: { requestsPerMinute: 60 },
      expires: '2999-01-31',
    }));
    const all = [...entries, { name: 'bob', hash: hashKey(BOB_KEY) }];
    // A JSON array in a YAML file would be read as JSON, so each entry is a YAML item. Writing it with the package takes seconds.
    const text = format === 'json' ? JSON.stringify(all) : all.map((each) => `- ${JSON.stringify(each)}\n`).join('');
    const stops = monitorEventLoopDelay({ resolution: 5 });
    stops.enable();
    await writeFile(file(), text);
    await eventually(async () => (await statusFor(BOB_KEY)) === 200, { within: 25_000, message: 'the last key' });
    stops.disable();
    // Parsing all at once, and comparing each key with all others, took more than 8 s.
    expect(stops.max / 1e6).toBeLessThan(1_000);
  });

  it('let a trusted gateway name the user and the session', async () => {
    const tracer = new RecordingTracer();
    const headers = { ...makeBearer(ANN_KEY), 'x-user': 'u-1', 'x-sess': 's-1', 'x-session-id': 'from-client' };
    await start({ API_KEYS: ANN_KEY, TRUSTED_USER_HEADER: 'X-User', TRUSTED_SESSION_HEADER: 'x-sess' }, { tracer });
    bench.upstream.always(scriptStream('Hi'));
    const body = { ...CHAT, user: 'somebody else', metadata: { session_id: 'another' } };
    await postJson(bench.app.chatUrl, body, headers);
    await postJson(bench.app.chatUrl, body, makeBearer(ANN_KEY));
    expect(tracer.traces.map(({ start }) => [start.userId, start.sessionId])).toEqual([
      ['u-1', 's-1'],
      ['somebody else', 'another'],
    ]);
  });

  it('are described in the OpenAPI document', async () => {
    await start({});
    const { json } = await getJson(`${bench.app.url}/docs-json`);
    const expectResponses = (...codes: string[]) => ({
      responses: expect.objectContaining(Object.fromEntries(codes.map((code) => [code, expect.anything()]))),
    });
    expect(json).toMatchObject({
      components: { securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer' } } },
      paths: {
        '/v1/chat/completions': {
          post: {
            security: expect.arrayContaining([{ bearerAuth: [] }, {}]),
            ...expectResponses('401', '404', '429', '503'),
          },
        },
        '/v1/models': {
          get: { security: expect.arrayContaining([{ bearerAuth: [] }, {}]), ...expectResponses('401') },
        },
        '/health/live': { get: { security: [] } },
      },
    });
  });

  it('trust no header that is not configured', async () => {
    const tracer = new RecordingTracer();
    await start({ API_KEYS: ANN_KEY }, { tracer });
    bench.upstream.next(scriptStream('Hi'));
    await postJson(bench.app.chatUrl, CHAT, { ...makeBearer(ANN_KEY), 'x-user': 'u-1', 'x-user-id': 'u-1' });
    expect(tracer.traces.map(({ start }) => start.userId)).toEqual([undefined]);
  });
});
