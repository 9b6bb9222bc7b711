import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Abstract, ModuleMetadata, Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { AppModule } from '../../src/app/app.module.js';
import { AppLogger } from '../../src/app/logger.js';
import { APP_OPTIONS, setUpApp } from '../../src/app/set-up.js';
import { loadConfig } from '../../src/app/load-config.js';
import { ServerAdapter } from '../../src/http/index.js';
import { Clock } from '../../src/kernel/index.js';
import { Tracer } from '../../src/tracing/index.js';
import { type HttpResponse, postJson } from './http-client.js';
import { CHAT } from './messages.js';
import { ResponseWatch } from './response-watch.js';
import { ScriptedUpstream } from './scripted-upstream.js';
import { openStream, type SseStream } from './sse-client.js';

/** The differences between a test's application and the real one. */
export interface TestAppOptions {
  /** Environment variables. The real environment is not read. */
  readonly env?: Readonly<Record<string, string>>;
  /** More modules, with the test's own workflows. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly tracer?: Tracer;
  readonly clock?: Clock;
  /** False: responses need not fit OpenAI's description, because they repeat values of a hostile client. */
  readonly isWatched?: boolean;
}

/** The real application, listening on a free port of the loopback interface. */
export class TestApp {
  private constructor(
    readonly nest: NestExpressApplication,
    /** The base URL, without a slash at the end. */
    readonly url: string,
    private readonly watch: ResponseWatch | undefined,
    /** The folder of stored runs; each application has its own. */
    private readonly folder: string,
  ) {}

  static async start({
    env = {},
    imports = [],
    tracer,
    clock,
    isWatched = true,
  }: TestAppOptions = {}): Promise<TestApp> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-runs-'));
    // Only the tests of inspections record inspections.
    const config = loadConfig({ LOG_LEVEL: 'fatal', RUNS_DIR: folder, ...env });
    const builder = Test.createTestingModule({ imports: [AppModule.register(config), ...imports] });
    if (tracer !== undefined) builder.overrideProvider(Tracer).useValue(tracer);
    if (clock !== undefined) builder.overrideProvider(Clock).useValue(clock);
    const module = await builder.compile();
    const nest = module.createNestApplication<NestExpressApplication>(new ServerAdapter(config.server), {
      ...APP_OPTIONS,
      logger: new AppLogger(config.log),
    });
    setUpApp(nest);
    const watch = isWatched ? new ResponseWatch(nest.getHttpServer()) : undefined;
    await nest.listen(0, '127.0.0.1');
    const { port } = nest.getHttpServer().address() as AddressInfo;
    return new TestApp(nest, `http://127.0.0.1:${port}`, watch, folder);
  }

  get chatUrl(): string {
    return `${this.url}/v1/chat/completions`;
  }

  /** The base URL for OpenAI clients. */
  get baseUrl(): string {
    return `${this.url}/v1`;
  }

  /** A provider of the application. */
  get<T>(type: Type<T> | Abstract<T>): T {
    return this.nest.get(type, { strict: false });
  }

  /** Throws if any response did not fit OpenAI's description. */
  async close(): Promise<void> {
    await this.nest.close();
    await rm(this.folder, { recursive: true, force: true });
    this.watch?.assertValid();
  }
}

/** The application in front of a scripted upstream, as most tests need it. */
export class Bench {
  private constructor(
    readonly upstream: ScriptedUpstream,
    readonly app: TestApp,
  ) {}

  static async start(options: TestAppOptions = {}): Promise<Bench> {
    const upstream = await ScriptedUpstream.start();
    const env = {
      OPENAI_BASE_URL: upstream.url,
      OPENAI_API_KEY: 'sk-test-upstream-key',
      // Each script is for one request. Tests of retries change this.
      UPSTREAM_MAX_RETRIES: '0',
      ...options.env,
    };
    try {
      return new Bench(upstream, await TestApp.start({ ...options, env }));
    } catch (error) {
      await upstream.close();
      throw error;
    }
  }

  /** Requests a completion, by default of the workflow `chat`. */
  ask(body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<HttpResponse> {
    return postJson(this.app.chatUrl, { ...CHAT, ...body }, headers);
  }

  /** Requests a stream in the same way. */
  open(body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<SseStream> {
    return openStream(this.app.chatUrl, { ...CHAT, stream: true, ...body }, { headers });
  }

  /** Closes both. Throws if the upstream got a request without a script. */
  async close(): Promise<void> {
    try {
      await this.app.close();
    } finally {
      await this.upstream.close();
    }
  }
}
