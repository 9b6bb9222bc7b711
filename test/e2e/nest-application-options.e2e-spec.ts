import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  agent,
  type ChatRefs,
  type Flow,
  mcpServer,
  type MillraceAsyncOptions,
  MillraceModule,
  type MillraceOptions,
  Workflow,
} from '../../src/index.js';
import { makeWorkflowsModule } from '../support/bench.js';
import { OwnApplication } from '../fixtures/own-application.js';
import { catchRejection } from '../support/checks.js';
import { getJson, HELLO, postJson } from '../support/client.js';

describe('in another application, Millrace', () => {
  const app = new OwnApplication();
  afterEach(() => app.close());

  it('takes its options from a factory of the application, too', async () => {
    @Module({ providers: [{ provide: 'PATH', useValue: '/later' }], exports: ['PATH'] })
    class PathModule {}
    await app.start([
      MillraceModule.forRootAsync({
        imports: [PathModule],
        inject: ['PATH'],
        useFactory: async (path: string): Promise<MillraceOptions> => {
          await Promise.resolve();
          return { path, environment: {}, demo: { tokensPerSecond: 0 } };
        },
      }),
    ]);
    expect((await getJson(`${app.url}/later/v1/models`)).status).toBe(200);
    expect((await getJson(`${app.url}/api/v1/notes`)).status).toBe(200);
  });

  describe('whose process is in production', () => {
    const before = process.env['NODE_ENV'];
    beforeEach(() => {
      process.env['NODE_ENV'] = 'production';
    });
    afterEach(() => {
      process.env['NODE_ENV'] = before;
    });

    it('does not let the demo answer, whichever variables it is told to read', async () => {
      for (const environment of [{}, { OPENAI_API_KEY: undefined }, { NODE_ENV: undefined }]) {
        expect(String(await catchRejection(app.startWith({ environment })))).toContain('There is no model provider');
      }
    });

    it('lets the demo answer where the given variables name another environment, or it is asked for', async () => {
      for (const options of [{ environment: { NODE_ENV: 'staging' } }, { demo: { isOn: true } }]) {
        await app.startWith(options);
        expect((await postJson(`${app.url}/v1/chat/completions`, { model: 'ask', messages: HELLO })).status).toBe(200);
        await app.close();
      }
    });
  });

  it('takes MCP servers as an object: those that an agent names must be there', async () => {
    @Workflow({ id: 'docs', description: 'Answers from the docs' })
    class DocsWorkflow {
      readonly answer = agent({ tools: [mcpServer('docs')] });
      define(flow: Flow, { messages }: ChatRefs) {
        return flow.stream(this.answer, { messages });
      }
    }
    const start = (options: MillraceOptions) =>
      app.start([MillraceModule.forRoot({ environment: {}, ...options }), makeWorkflowsModule(DocsWorkflow)]);
    expect(String(await catchRejection(start({})))).toContain('tools of the MCP server "docs"');
    await app.close();
    await start({ mcp: { servers: { docs: { url: 'https://docs.example.com/mcp', headers: { 'x-key': 'a,b=c' } } } } });
    expect((await getJson(`${app.url}/v1/models/docs`)).status).toBe(200);
  });

  it('is imported once, or the start says so', async () => {
    const error = await catchRejection(
      app.start([
        MillraceModule.forRoot({ path: '/ai', environment: {} }),
        MillraceModule.forRootAsync({ useFactory: () => ({ path: '/other', environment: {} }) }),
      ]),
    );
    expect(String(error)).toContain('MillraceModule is imported 2 times, and an application has one');
  });

  it('may be imported by several modules if it is the same', async () => {
    const millrace = MillraceModule.forRoot({ path: '/ai', environment: {} });
    @Module({ imports: [millrace] })
    class OtherModule {}
    await app.start([millrace, OtherModule]);
    expect((await getJson(`${app.url}/ai/v1/models`)).status).toBe(200);
  });

  it.each([
    ['a factory that gives none', { useFactory: () => undefined }, 'a factory of them must return one'],
    ['a factory that gives a list', { useFactory: () => [] }, 'a factory of them must return one'],
    ['a class', { useClass: class {} }, 'forRootAsync must be given useFactory'],
    [
      'a factory that fails',
      { useFactory: () => Promise.reject(new Error('The vault is sealed.')) },
      'Error: The vault',
    ],
    [
      'a factory whose parameters are not there',
      { inject: ['NONE'], useFactory: () => ({}) },
      'options of MillraceModule',
    ],
  ])('takes no options from %s', async (_, given, message) => {
    const options = given as unknown as MillraceAsyncOptions;
    expect(String(await catchRejection(app.start([MillraceModule.forRootAsync(options)])))).toContain(message);
  });

  it('takes no options that are a list, or a promise, which would have no effect', async () => {
    for (const [options, message] of [
      [[], 'The options must be an object'],
      [Promise.resolve({ path: '/ai' }), 'The options are a promise. Use forRootAsync'],
      [{ environment: {}, run: [] }, '- run must be an object'],
      [{ environment: [] }, '- environment must be an object'],
    ] as const) {
      const own = MillraceModule.forRoot(options as unknown as MillraceOptions);
      expect(String(await catchRejection(app.start([own])))).toContain(message);
    }
  });

  it('says how it is imported, where a module names the class alone', async () => {
    for (const others of [[], [MillraceModule.forRoot({ environment: {} })]]) {
      @Module({ imports: [MillraceModule, ...others] })
      class OwnModule {}
      const error = await catchRejection(NestFactory.create(OwnModule, { logger: false, abortOnError: false }));
      expect(String(error)).toContain('imports MillraceModule without options. Write MillraceModule.forRoot() once');
    }
  });

  it('warns that no module provides a workflow', async () => {
    const said: unknown[] = [];
    const note = (message: unknown): void => void said.push(message);
    @Module({ imports: [MillraceModule.forRoot({ environment: {} })] })
    class OwnModule {}
    await app.listen(await NestFactory.create(OwnModule, { logger: { log: note, warn: note, error: note } }));
    expect(said).toContainEqual(expect.stringContaining('No module provides a workflow'));
    await app.close();
    expect(said).not.toContainEqual(expect.stringContaining('Shutting down'));
  });

  it('takes no path that Express would read as a pattern', async () => {
    for (const path of ['/ai?x', '/ai/*', 'ai/:id', '/a(i)', '/{ai}', '/ai/../x', '//', 3] as string[]) {
      const error = await catchRejection(app.startWith({ path }));
      expect([path, String(error)]).toEqual([path, expect.stringContaining('- path must be a plain path such as /ai')]);
    }
    for (const path of ['', 'ai/', '/ai.v2/x_y-z~']) {
      await app.startWith({ path });
      expect(
        (await getJson(`${app.url}/${path.replace(/^\/|\/$/g, '')}/v1/models`.replace(/([^:])\/\//, '$1/'))).status,
      ).toBe(200);
      await app.close();
    }
  });

  it('names options that are wrong, all at once', async () => {
    const options = {
      environment: { RUN_TIMEOUT_MS: 'soon', OPENAI_APIKEY: 'sk-x' },
      stream: { debounceMs: -1 },
      http: { corsOrigin: ['https://example.com'] },
      mcp: { servers: { docs: { url: 'https://docs.example.com/mcp', headers: 'secret' } } },
      providers: { openai: { baseUrl: 'nowhere' } },
      path: 3,
      watch: 'yes',
      middleware: [{}],
      models: { opnai: {}, openai: {} },
      rn: {},
    } as unknown as MillraceOptions;
    @Module({ imports: [MillraceModule.forRoot(options)] })
    class OwnModule {}
    const error = await catchRejection(
      NestFactory.createApplicationContext(OwnModule, { logger: false, abortOnError: false }),
    );
    const message = String(error);
    for (const part of [
      '11 settings are wrong in its options or the environment',
      '- rn is not an option. There are: path, watch, middleware, models, environment, http, ',
      '- path must be a plain path such as /ai',
      '- watch must be true or false',
      '- middleware must be a list of functions',
      '- models.opnai is not a provider. There are: openai, ',
      '- models.openai must be a model: an object with a method stream()',
      'http.corsOrigin is not an option. There are: bodyLimit, maxJsonValues, corsOrigins',
      '- stream.debounceMs must be a whole number of milliseconds',
      '- providers.openai.baseUrl must be an http or https address',
      '- mcp.servers must be a JSON object of MCP servers by name',
      ': "docs" has a wrong headers',
      '- RUN_TIMEOUT_MS must be',
    ])
      expect(message).toContain(part);
  });
});
