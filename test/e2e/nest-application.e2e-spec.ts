import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module, UnauthorizedException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { MillraceModule, type MillraceOptions } from '../../src/index.js';
import { AskWorkflow, GreetingsModule, OwnApplication } from '../fixtures/own-application.js';
import { SpeakNode } from '../support/bench.js';
import { assertCompletion, assertErrorEnded, assertValidError, catchRejection, eventually } from '../support/checks.js';
import { getJson, HELLO, openStream, postJson } from '../support/client.js';
import { ScriptedUpstream, scriptStream, steps } from '../support/upstream/index.js';

class FastifyLikeAdapter extends ExpressAdapter {
  override getType(): string {
    return 'fastify';
  }
}

describe('in another application, Millrace', () => {
  const app = new OwnApplication();
  afterEach(() => app.close());

  /** Checks that the application leaves an unknown route outside of its prefix to Express. */
  const expectOwn404 = async (path: string): Promise<void> => {
    const { status, text, headers } = await getJson(app.url + path);
    expect([path, status, text]).toEqual([path, 404, expect.stringContaining(`Cannot GET ${path}`)]);
    expect(headers).not.toHaveProperty('openai-version');
  };

  it('leaves the routes of the application as they are', async () => {
    await app.startWith({ path: '/ai' });
    const notes = await getJson(`${app.url}/api/v1/notes`);
    expect([notes.status, notes.json]).toEqual([200, { data: ['first'] }]);
    expect(notes.headers).toMatchObject({ 'x-own': 'yes', 'x-guards': 'passed, passed', 'x-powered-by': 'Express' });
    for (const name of ['x-request-id', 'openai-version', 'content-security-policy']) {
      expect(notes.headers).not.toHaveProperty(name);
    }
    expect((await postJson(`${app.url}/api/v1/notes`, { text: 'second' })).json).toEqual({ data: { text: 'second' } });
  });

  it('leaves the errors of the application as they are', async () => {
    await app.startWith({ path: '/ai' });
    for (const path of ['/api/v1/broken', '/api/v1/none', '/api/v1/models', '/api/ai/v1/models']) {
      const response = await getJson(app.url + path);
      expect([path, response.status, response.json]).toEqual([path, 418, { own: 'filter' }]);
    }
    for (const path of ['/none', '/v1/models', '/aid', '/']) await expectOwn404(path);
    expect((await postJson(`${app.url}/api/v1/notes`, { other: 1 })).json).toEqual({ own: 'filter' });
  });

  it('serves models, graphs and tools below its path, without what the application adds to other responses', async () => {
    await app.startWith({ path: '/ai' });
    const models = await getJson(`${app.url}/ai/v1/models`);
    expect((models.json as { data: { id: string }[] }).data.map(({ id }) => id).sort()).toEqual(['ask', 'greet']);
    for (const name of ['x-own', 'x-guards']) expect(models.headers).not.toHaveProperty(name);
    const graph = await getJson(`${app.url}/ai/v1/models/ask/graph?format=json`);
    expect(graph.json).toMatchObject({ nodes: [{ key: 'SpeakNode' }] });
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'greet', arguments: { input: 'Hi' } } };
    const tool = await postJson(`${app.url}/ai/mcp`, call, { accept: 'application/json, text/event-stream' });
    expect(tool.text).toContain('"text":"Hello from the application"');
  });

  it('serves completions below its path as the service does', async () => {
    await app.startWith({ path: '/ai' });
    const stream = await openStream(`${app.url}/ai/v1/chat/completions`, {
      model: 'greet',
      messages: HELLO,
      stream: true,
    });
    const items = await stream.collect();
    assertCompletion(items, { content: 'Hello from the application' });
    const whole = await postJson(`${app.url}/ai/v1/chat/completions`, { model: 'greet', messages: HELLO });
    expect(whole.json).toMatchObject({ choices: [{ message: { content: 'Hello from the application' } }] });
    // The application's own body parser would refuse more than 100 kB.
    const long = { model: 'greet', messages: [{ role: 'user', content: 'x'.repeat(500_000) }] };
    expect((await postJson(`${app.url}/ai/v1/chat/completions`, long)).status).toBe(200);
  });

  it('sends its errors in its own form, with existing routes', async () => {
    await app.startWith({ path: 'ai/' });
    for (const [path, message] of [
      ['/ai/v1/none', 'There are: GET /ai/v1/models/{id}/graph, GET /ai/v1/models, GET /ai/v1/models/{id}, '],
      ['/ai/v1/none', ' POST /ai/v1/chat/completions, '],
      ['/ai/models', 'Did you mean GET /ai/v1/models? The base URL that clients are given ends in /ai/v1.'],
      ['/ai', 'The API is below /ai/v1: GET /ai/v1/models is a start.'],
      // Pages are off by default.
      ['/ai/docs', 'Unknown request URL: GET /ai/docs.'],
      ['/ai/metrics', 'Unknown request URL: GET /ai/metrics.'],
    ] as const) {
      const response = await getJson(app.url + path);
      expect([path, response.status]).toEqual([path, 404]);
      assertValidError(response.json);
      expect(response.json).toMatchObject({ error: { message: expect.stringContaining(message) as unknown } });
    }
    const wrong = await postJson(`${app.url}/ai/v1/chat/completions`, { model: 'greet' });
    expect([wrong.status, wrong.headers['x-request-id']]).toEqual([400, expect.stringMatching(/^req_/)]);
    assertValidError(wrong.json);
  });

  it('shows its pages, health and metrics where they are asked for', async () => {
    await app.startWith({ path: '/ai', watch: true, http: { docs: true, playground: true } });
    expect((await getJson(`${app.url}/ai/health/ready`)).json).toEqual({ status: 'ok', demo: true });
    expect((await getJson(`${app.url}/ai/metrics`)).text).toContain('millrace_');
    expect((await getJson(`${app.url}/ai/docs-json`)).json).toMatchObject({ servers: [{ url: '/ai/' }] });
    const page = await fetch(`${app.url}/ai`);
    // The page refers to its files by paths relative to its own address.
    expect([page.url, page.status]).toEqual([`${app.url}/ai/`, 200]);
    const html = await page.text();
    for (const [, file = ''] of html.matchAll(/(?:src|href)="(?!data:|#)([^"]+)"/g)) {
      expect([file, (await fetch(new URL(file, page.url))).status]).toEqual([file, 200]);
    }
  });

  it('shares the root: any path that is not one of its routes belongs to the application', async () => {
    await app.startWith({});
    expect((await getJson(`${app.url}/v1/models`)).json).toMatchObject({ object: 'list' });
    expect((await getJson(`${app.url}/v1/models/greet`)).json).toMatchObject({ id: 'greet' });
    expect((await getJson(`${app.url}/v1/chat/completions`)).json).toMatchObject({
      error: { code: 'method_not_supported' },
    });
    expect((await getJson(`${app.url}/api/v1/notes`)).json).toEqual({ data: ['first'] });
    for (const path of ['/v1/none', '/v1', '/', '/health/live', '/metrics']) await expectOwn404(path);
  });

  it('runs checks of the application first, whose refusals have its own form', async () => {
    const check = (request: Request, _response: Response, next: NextFunction): void => {
      if (request.headers.cookie !== 'session=1') throw new UnauthorizedException('Sign in first.');
      next();
    };
    await app.startWith({ path: '/ai', middleware: [check] });
    const refused = await getJson(`${app.url}/ai/v1/models`);
    expect([refused.status, refused.json]).toEqual([
      401,
      { error: { message: 'Sign in first.', type: 'invalid_request_error', param: null, code: 'request_refused' } },
    ]);
    expect((await getJson(`${app.url}/ai/v1/models`, { cookie: 'session=1' })).status).toBe(200);
    expect((await getJson(`${app.url}/api/v1/notes`)).status).toBe(200);
  });

  it('asks for keys below its path only', async () => {
    const key = 'sk-'.padEnd(40, 'k');
    await app.startWith({ path: '/ai', access: { keys: [key] } });
    expect((await getJson(`${app.url}/ai/v1/models`)).status).toBe(401);
    expect((await getJson(`${app.url}/ai/v1/models`, { authorization: `Bearer ${key}` })).status).toBe(200);
    expect((await getJson(`${app.url}/api/v1/notes`)).status).toBe(200);
  });

  it('does not start on another adapter than Express', async () => {
    @Module({ imports: [MillraceModule.forRoot({ environment: {} })] })
    class OwnModule {}
    const other = await NestFactory.create(OwnModule, new FastifyLikeAdapter(), { logger: false, abortOnError: false });
    expect(String(await catchRejection(other.init()))).toContain(
      'its routes need Express, and this application runs on fastify',
    );
  });

  it('can be injected into modules of workflows without a server, too', async () => {
    @Module({ imports: [MillraceModule.forRoot({ environment: {} }), GreetingsModule] })
    class OwnModule {}
    const context = await NestFactory.createApplicationContext(OwnModule, { logger: false, abortOnError: false });
    await context.close();
  });

  describe('with a model behind it', () => {
    let upstream: ScriptedUpstream;
    beforeEach(async () => {
      upstream = await ScriptedUpstream.start();
    });
    afterEach(() => upstream.close());
    const model = (): MillraceOptions => ({
      path: '/ai',
      providers: { openai: { baseUrl: upstream.url, key: 'sk-of-an-option', model: 'model-of-an-option' } },
      environment: {
        OPENAI_MODEL: 'model-of-the-environment',
        OPENAI_API_KEY_FILE: '/none',
        PORT: 'none',
        LOG_LEVEL: 'no',
      },
    });

    it('prefers options to variables, and leaves those of the server alone', async () => {
      await app.startWith(model());
      upstream.next(scriptStream('a'));
      expect((await postJson(`${app.url}/ai/v1/chat/completions`, { model: 'ask', messages: HELLO })).status).toBe(200);
      const { headers, body } = await upstream.request(0);
      expect([headers.authorization, body.model]).toEqual(['Bearer sk-of-an-option', 'model-of-an-option']);
    });

    it('finishes its responses when the application is closed, and cuts off none of the application’s', async () => {
      await app.startWith(model());
      const held = steps.gate();
      upstream.next(scriptStream(['half ', held, 'whole']));
      const stream = await openStream(`${app.url}/ai/v1/chat/completions`, {
        model: 'ask',
        messages: HELLO,
        stream: true,
      });
      await held.reached;
      const closed = app.close();
      await eventually(async () => {
        const response = await postJson(`${app.url}/ai/v1/chat/completions`, { model: 'greet', messages: HELLO });
        return (response.json as { error?: { code: string } }).error?.code === 'server_shutting_down';
      });
      expect((await getJson(`${app.url}/api/v1/notes`)).status).toBe(200);
      held.open();
      assertCompletion(await stream.collect(), { content: 'half whole' });
      await closed;
    });

    it('ends open responses when the grace time is over', async () => {
      await app.startWith({ ...model(), shutdown: { graceMs: 50 } });
      const held = steps.gate();
      upstream.next(scriptStream(['half ', held]));
      const stream = await openStream(`${app.url}/ai/v1/chat/completions`, {
        model: 'ask',
        messages: HELLO,
        stream: true,
      });
      await held.reached;
      await app.close();
      expect(assertErrorEnded(await stream.collect()).code).toBe('server_shutting_down');
    });
  });

  it('logs what it serves and which models respond, and what is known of each request', async () => {
    const lines: unknown[][] = [];
    const note = (...line: unknown[]): void => void lines.push(line);
    const logger = { log: note, warn: note, error: note };
    const options = { path: '/ai', environment: {}, demo: { tokensPerSecond: 0 } };
    @Module({ imports: [MillraceModule.forRoot(options), GreetingsModule], providers: [AskWorkflow, SpeakNode] })
    class OwnModule {}
    await app.listen(await NestFactory.create(OwnModule, { logger, abortOnError: false }));
    const listLines = (context: string): readonly unknown[] =>
      lines.filter((line) => line.at(-1) === context).map(([message]) => message);
    expect(listLines('Millrace')).toEqual([
      'Models: ask, greet, at /ai/v1',
      'Providers: demo: offline, no language model. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one',
    ]);
    expect(listLines('Keys')).toEqual([expect.stringContaining('or the options access.keys or access.keysFile')]);
    await getJson(`${app.url}/ai/v1/models`);
    await eventually(() => listLines('Access').length === 1);
    const [message, fields] = lines.find((line) => line.at(-1) === 'Access') ?? [];
    expect(message).toBe('GET /ai/v1/models 200 ok');
    expect(Object.keys(fields as object)).toEqual(['duration_ms', 'request_id']);
  });
});
