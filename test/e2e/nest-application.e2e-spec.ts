import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  type ModuleMetadata,
  type NestInterceptor,
  Post,
  type Type,
  UnauthorizedException,
  ValidationPipe,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { IsString } from 'class-validator';
import type { NextFunction, Request, Response } from 'express';
import { map, type Observable } from 'rxjs';
import {
  type ChatRefs,
  type Deltas,
  type Flow,
  MillraceModule,
  type MillraceOptions,
  type Ref,
  Workflow,
} from '../../src/index.js';
import {
  assertCompletion,
  assertErrorEnded,
  assertValidError,
  eventually,
  gate,
  getJson,
  HELLO,
  openStream,
  postJson,
  catchRejection,
  ScriptedUpstream,
  SpeakNode,
  scriptStream,
} from '../support/index.js';

/** What an application has of its own. */
@Injectable()
class Greeter {
  readonly words = ['Hello ', 'from ', 'the ', 'application'];
}

/** A node that injects it, in the application's module alone. */
@Injectable()
class GreetNode {
  constructor(private readonly greeter: Greeter) {}

  async *process(): AsyncGenerator<Deltas, string, void> {
    for (const word of this.greeter.words) yield { type: 'content', text: word };
    return this.greeter.words.join('');
  }
}

@Workflow({ id: 'greet', description: 'Says hello in words of the application' })
class GreetWorkflow {
  define(flow: Flow): Ref<string> {
    return flow.node(GreetNode);
  }
}

@Workflow({ id: 'ask', description: 'Asks a model' })
class AskWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(SpeakNode, { messages, prompt: 'Answer.' });
  }
}

class Note {
  @IsString() readonly text: string;
}

@Controller()
class NotesController {
  @Get('notes')
  list(): string[] {
    return ['first'];
  }

  @Post('notes')
  add(@Body() note: Note): Note {
    return note;
  }

  @Get('broken')
  break(): never {
    throw new Error('of the application');
  }
}

/** The application's ways: each would spoil an answer of Millrace's that it got hold of. */
@Injectable()
class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Catch()
class OwnFilter implements ExceptionFilter {
  catch(_thrown: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<Response>().status(418).json({ own: 'filter' });
  }
}

/** Is on every answer of the application's, as a header. */
function mark(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('x-own', 'yes');
  next();
}

@Module({ providers: [Greeter, GreetNode, GreetWorkflow] })
class GreetingsModule {}

class FastifyLikeAdapter extends ExpressAdapter {
  override getType(): string {
    return 'fastify';
  }
}

describe('in an application of others, Millrace', () => {
  let app: NestExpressApplication | undefined;
  let url = '';
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  /** An application with routes, a prefix, versions, a pipe, an interceptor, a filter and middleware of its own. */
  const start = async (
    imports: NonNullable<ModuleMetadata['imports']>,
    providers: readonly Type<unknown>[] = [],
  ): Promise<void> => {
    @Module({
      imports: [...imports, GreetingsModule],
      controllers: [NotesController],
      providers: [AskWorkflow, SpeakNode, ...providers],
    })
    class OwnModule {}
    app = await NestFactory.create<NestExpressApplication>(OwnModule, { logger: false, abortOnError: false });
    app.setGlobalPrefix('api');
    app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
    app.useGlobalInterceptors(new Wrapping());
    app.useGlobalFilters(new OwnFilter());
    app.use(mark);
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  };
  const startWith = (options: MillraceOptions): Promise<void> =>
    start([MillraceModule.forRoot({ environment: {}, demo: { tokensPerSecond: 0 }, ...options })]);

  /** Outside of its prefix, the application leaves what there is not to Express. */
  const expectOwn404 = async (path: string): Promise<void> => {
    const { status, text, headers } = await getJson(url + path);
    expect([path, status, text]).toEqual([path, 404, expect.stringContaining(`Cannot GET ${path}`)]);
    expect(headers).not.toHaveProperty('openai-version');
  };

  it('leaves the routes of the application as they are', async () => {
    await startWith({ path: '/ai' });
    const notes = await getJson(`${url}/api/v1/notes`);
    expect([notes.status, notes.json]).toEqual([200, { data: ['first'] }]);
    expect(notes.headers).toMatchObject({ 'x-own': 'yes', 'x-powered-by': 'Express' });
    for (const name of ['x-request-id', 'openai-version', 'content-security-policy']) {
      expect(notes.headers).not.toHaveProperty(name);
    }
    expect((await postJson(`${url}/api/v1/notes`, { text: 'second' })).json).toEqual({ data: { text: 'second' } });
    for (const path of ['/api/v1/broken', '/api/v1/none', '/api/v1/models', '/api/ai/v1/models']) {
      const answer = await getJson(url + path);
      expect([path, answer.status, answer.json]).toEqual([path, 418, { own: 'filter' }]);
    }
    for (const path of ['/none', '/v1/models', '/aid', '/']) await expectOwn404(path);
    expect((await postJson(`${url}/api/v1/notes`, { other: 1 })).json).toEqual({ own: 'filter' });
  });

  it('answers below its path as the service does, untouched by the ways of the application', async () => {
    await startWith({ path: '/ai' });
    const models = await getJson(`${url}/ai/v1/models`);
    expect((models.json as { data: { id: string }[] }).data.map(({ id }) => id).sort()).toEqual(['ask', 'greet']);
    expect(models.headers).not.toHaveProperty('x-own');
    const stream = await openStream(`${url}/ai/v1/chat/completions`, { model: 'greet', messages: HELLO, stream: true });
    const items = await stream.collect();
    assertCompletion(items, { content: 'Hello from the application' });
    const whole = await postJson(`${url}/ai/v1/chat/completions`, { model: 'greet', messages: HELLO });
    expect(whole.json).toMatchObject({ choices: [{ message: { content: 'Hello from the application' } }] });
    // The application's own parser of bodies would refuse more than 100 kB.
    const long = { model: 'greet', messages: [{ role: 'user', content: 'x'.repeat(500_000) }] };
    expect((await postJson(`${url}/ai/v1/chat/completions`, long)).status).toBe(200);
    const graph = await getJson(`${url}/ai/v1/models/ask/graph?format=json`);
    expect(graph.json).toMatchObject({ nodes: [{ key: 'SpeakNode' }] });
  });

  it('answers its errors in its own form, with routes that are there', async () => {
    await startWith({ path: 'ai/' });
    for (const [path, message] of [
      ['/ai/v1/none', 'There are: POST /ai/v1/chat/completions, GET /ai/v1/models/{id}/graph'],
      ['/ai/models', 'Did you mean GET /ai/v1/models? The base URL that clients are given ends in /ai/v1.'],
      ['/ai', 'The API is below /ai/v1: GET /ai/v1/models is a start.'],
      // No pages, unless they are asked for.
      ['/ai/docs', 'Unknown request URL: GET /ai/docs.'],
      ['/ai/metrics', 'Unknown request URL: GET /ai/metrics.'],
    ] as const) {
      const answer = await getJson(url + path);
      expect([path, answer.status]).toEqual([path, 404]);
      assertValidError(answer.json);
      expect(answer.json).toMatchObject({ error: { message: expect.stringContaining(message) as unknown } });
    }
    const wrong = await postJson(`${url}/ai/v1/chat/completions`, { model: 'greet' });
    expect([wrong.status, wrong.headers['x-request-id']]).toEqual([400, expect.stringMatching(/^req_/)]);
    assertValidError(wrong.json);
  });

  it('shows its pages, health and metrics where they are asked for', async () => {
    await startWith({ path: '/ai', watch: true, http: { docs: true, playground: true } });
    expect((await getJson(`${url}/ai/health/ready`)).json).toEqual({ status: 'ok', demo: true });
    expect((await getJson(`${url}/ai/metrics`)).text).toContain('millrace_');
    expect((await getJson(`${url}/ai/docs-json`)).json).toMatchObject({ servers: [{ url: '/ai/' }] });
    const page = await fetch(`${url}/ai`);
    // What the page loads is named from where it is.
    expect([page.url, page.status]).toEqual([`${url}/ai/`, 200]);
    const html = await page.text();
    for (const [, file = ''] of html.matchAll(/(?:src|href)="(?!data:|#)([^"]+)"/g)) {
      expect([file, (await fetch(new URL(file, page.url))).status]).toEqual([file, 200]);
    }
  });

  it('shares the root: what is no route of its own is the application’s', async () => {
    await startWith({});
    expect((await getJson(`${url}/v1/models`)).json).toMatchObject({ object: 'list' });
    expect((await getJson(`${url}/v1/models/greet`)).json).toMatchObject({ id: 'greet' });
    expect((await getJson(`${url}/v1/chat/completions`)).json).toMatchObject({
      error: { code: 'method_not_supported' },
    });
    expect((await getJson(`${url}/api/v1/notes`)).json).toEqual({ data: ['first'] });
    for (const path of ['/v1/none', '/v1', '/', '/health/live', '/metrics']) await expectOwn404(path);
  });

  it('takes its options from a factory of the application, too', async () => {
    @Module({ providers: [{ provide: 'PATH', useValue: '/later' }], exports: ['PATH'] })
    class PathModule {}
    await start([
      MillraceModule.forRootAsync({
        imports: [PathModule],
        inject: ['PATH'],
        useFactory: async (path: string): Promise<MillraceOptions> => {
          await Promise.resolve();
          return { path, environment: {}, demo: { tokensPerSecond: 0 } };
        },
      }),
    ]);
    expect((await getJson(`${url}/later/v1/models`)).status).toBe(200);
    expect((await getJson(`${url}/api/v1/notes`)).status).toBe(200);
  });

  it('has checks of the application in front, which refuse in its own form', async () => {
    const check = (request: Request, _response: Response, next: NextFunction): void => {
      if (request.headers.cookie !== 'session=1') throw new UnauthorizedException('Sign in first.');
      next();
    };
    await startWith({ path: '/ai', middleware: [check] });
    const refused = await getJson(`${url}/ai/v1/models`);
    expect([refused.status, refused.json]).toEqual([
      401,
      { error: { message: 'Sign in first.', type: 'invalid_request_error', param: null, code: 'request_refused' } },
    ]);
    expect((await getJson(`${url}/ai/v1/models`, { cookie: 'session=1' })).status).toBe(200);
    expect((await getJson(`${url}/api/v1/notes`)).status).toBe(200);
  });

  it('asks for keys below its path only', async () => {
    const key = 'sk-'.padEnd(40, 'k');
    await startWith({ path: '/ai', access: { keys: [key] } });
    expect((await getJson(`${url}/ai/v1/models`)).status).toBe(401);
    expect((await getJson(`${url}/ai/v1/models`, { authorization: `Bearer ${key}` })).status).toBe(200);
    expect((await getJson(`${url}/api/v1/notes`)).status).toBe(200);
  });

  it('does not start on another adapter than Express', async () => {
    @Module({ imports: [MillraceModule.forRoot({ environment: {} })] })
    class OwnModule {}
    const other = await NestFactory.create(OwnModule, new FastifyLikeAdapter(), { logger: false, abortOnError: false });
    expect(String(await catchRejection(other.init()))).toContain(
      'its routes need Express, and this application runs on fastify',
    );
  });

  it('tells its modules of workflows without a server, too', async () => {
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
      await startWith(model());
      upstream.next(scriptStream('a'));
      expect((await postJson(`${url}/ai/v1/chat/completions`, { model: 'ask', messages: HELLO })).status).toBe(200);
      const { headers, body } = await upstream.request(0);
      expect([headers.authorization, body.model]).toEqual(['Bearer sk-of-an-option', 'model-of-an-option']);
    });

    it('finishes its answers when the application is closed, and cuts none of the application’s', async () => {
      await startWith(model());
      const held = gate();
      upstream.next(scriptStream(['half ', held, 'whole']));
      const stream = await openStream(`${url}/ai/v1/chat/completions`, { model: 'ask', messages: HELLO, stream: true });
      await held.reached;
      const closed = app?.close();
      await eventually(async () => {
        const answer = await postJson(`${url}/ai/v1/chat/completions`, { model: 'greet', messages: HELLO });
        return (answer.json as { error?: { code: string } }).error?.code === 'server_shutting_down';
      });
      expect((await getJson(`${url}/api/v1/notes`)).status).toBe(200);
      held.open();
      assertCompletion(await stream.collect(), { content: 'half whole' });
      await closed;
      app = undefined;
    });

    it('ends what is not done when the grace is over', async () => {
      await startWith({ ...model(), shutdown: { graceMs: 50 } });
      const held = gate();
      upstream.next(scriptStream(['half ', held]));
      const stream = await openStream(`${url}/ai/v1/chat/completions`, { model: 'ask', messages: HELLO, stream: true });
      await held.reached;
      await app?.close();
      app = undefined;
      expect(assertErrorEnded(await stream.collect()).code).toBe('server_shutting_down');
    });
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
        expect(String(await catchRejection(startWith({ environment })))).toContain('There is no model provider');
      }
    });

    it('lets the demo answer where the given variables name another environment, or it is asked for', async () => {
      for (const options of [{ environment: { NODE_ENV: 'staging' } }, { demo: { isOn: true } }]) {
        await startWith(options);
        expect((await postJson(`${url}/v1/chat/completions`, { model: 'ask', messages: HELLO })).status).toBe(200);
        await app?.close();
      }
    });
  });

  it('tells the log what it serves and which models answer, and of each request what is known', async () => {
    const lines: unknown[][] = [];
    const note = (...line: unknown[]): void => void lines.push(line);
    const logger = { log: note, warn: note, error: note };
    const options = { path: '/ai', environment: {}, demo: { tokensPerSecond: 0 } };
    @Module({ imports: [MillraceModule.forRoot(options), GreetingsModule], providers: [AskWorkflow, SpeakNode] })
    class OwnModule {}
    app = await NestFactory.create<NestExpressApplication>(OwnModule, { logger, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const said = (context: string): readonly unknown[] =>
      lines.filter((line) => line.at(-1) === context).map(([message]) => message);
    expect(said('Millrace')).toEqual([
      'Models: ask, greet, at /ai/v1',
      'Providers: demo: offline, no language model. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one',
    ]);
    expect(said('Keys')).toEqual([expect.stringContaining('or the options access.keys or access.keysFile')]);
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    await getJson(`${url}/ai/v1/models`);
    await eventually(() => said('Access').length === 1);
    const [message, fields] = lines.find((line) => line.at(-1) === 'Access') ?? [];
    expect(message).toBe('GET /ai/v1/models 200 ok');
    expect(Object.keys(fields as object)).toEqual(['duration_ms', 'request_id']);
  });

  it('is imported once, or the start says so', async () => {
    const error = await catchRejection(
      start([
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
    await start([millrace, OtherModule]);
    expect((await getJson(`${url}/ai/v1/models`)).status).toBe(200);
  });

  it('takes no options from a factory that gives none', async () => {
    const none = (() => undefined) as unknown as () => MillraceOptions;
    const error = await catchRejection(start([MillraceModule.forRootAsync({ useFactory: none })]));
    expect(String(error)).toContain('The options must be an object; a factory of them must return one');
  });

  it('takes no path that Express would read as a pattern', async () => {
    for (const path of ['/ai?x', '/ai/*', 'ai/:id', '/a(i)', '/{ai}', '/ai/../x', '//', 3] as string[]) {
      const error = await catchRejection(startWith({ path }));
      expect([path, String(error)]).toEqual([path, expect.stringContaining('- path must be a plain path such as /ai')]);
    }
    for (const path of ['', 'ai/', '/ai.v2/x_y-z~']) {
      await startWith({ path });
      expect(
        (await getJson(`${url}/${path.replace(/^\/|\/$/g, '')}/v1/models`.replace(/([^:])\/\//, '$1/'))).status,
      ).toBe(200);
      await app?.close();
    }
  });

  it('names options that are wrong, all at once', async () => {
    const options = {
      environment: { RUN_TIMEOUT_MS: 'soon', OPENAI_APIKEY: 'sk-x' },
      stream: { debounceMs: -1 },
      http: { corsOrigin: ['https://example.com'] },
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
    expect(message).toContain('10 settings are wrong in its options or the environment');
    expect(message).toContain('- rn is no option. There are: path, watch, middleware, models, environment, http, ');
    expect(message).toContain('- path must be a plain path such as /ai');
    expect(message).toContain('- watch must be true or false');
    expect(message).toContain('- middleware must be a list of functions');
    expect(message).toContain('- models.opnai is no provider. There are: openai, ');
    expect(message).toContain('- models.openai must be a model: an object with a method stream()');
    expect(message).toContain('http.corsOrigin is no option. There are: bodyLimit, maxJsonValues, corsOrigins');
    expect(message).toMatch(/- stream\.debounceMs must be a whole number of milliseconds/);
    expect(message).toMatch(/- providers\.openai\.baseUrl must be an http or https address/);
    expect(message).toMatch(/- RUN_TIMEOUT_MS must be/);
  });
});
