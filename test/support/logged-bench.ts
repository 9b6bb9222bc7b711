import { Bench, type TestApp, type TestAppOptions } from './app.js';
import { eventually } from './eventually.js';
import { type HttpResponse } from './http-client.js';
import { LogCapture, type LogLine } from './log-capture.js';
import { RecordingTracer } from './recording-tracer.js';
import type { ScriptedUpstream } from './scripted-upstream.js';
import { type SseStream } from './sse-client.js';

/** The message of a client, which must never appear in a log. */
const SECRET_QUESTION = [{ role: 'user', content: 'my secret words' }];

/** The application in front of a scripted upstream, with its log at the most detailed level. */
export class LoggedBench {
  private constructor(
    private readonly bench: Bench,
    readonly tracer: RecordingTracer,
    private readonly log: LogCapture,
  ) {}

  static async start(
    env: Readonly<Record<string, string>> = {},
    imports: NonNullable<TestAppOptions['imports']> = [],
    options: Pick<TestAppOptions, 'clock'> = {},
  ): Promise<LoggedBench> {
    const log = new LogCapture();
    const tracer = new RecordingTracer();
    const settings = { LOG_LEVEL: 'debug', LOG_FORMAT: 'json', ...env };
    try {
      return new LoggedBench(await Bench.start({ ...options, tracer, imports, env: settings }), tracer, log);
    } catch (error) {
      log.stop();
      throw error;
    }
  }

  get upstream(): ScriptedUpstream {
    return this.bench.upstream;
  }

  get app(): TestApp {
    return this.bench.app;
  }

  /** The whole log so far. */
  get written(): string {
    return this.log.text;
  }

  /** Requests a completion, by default of the workflow `chat`. */
  ask(body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<HttpResponse> {
    return this.bench.ask({ messages: SECRET_QUESTION, ...body }, headers);
  }

  /** Requests a stream in the same way. */
  open(body: object = {}): Promise<SseStream> {
    return this.bench.open({ messages: SECRET_QUESTION, ...body });
  }

  /** The lines of one part of the service. */
  lines(context: string): readonly LogLine[] {
    return this.log.lines(context);
  }

  /** The log lines about runs. */
  runLines(): readonly LogLine[] {
    return this.lines('Run');
  }

  /** Waits for the first line of the access log. */
  accessLine(): Promise<LogLine> {
    return eventually(() => this.lines('Access')[0], { message: 'the access line' });
  }

  async close(): Promise<void> {
    try {
      await this.bench.close();
    } finally {
      this.log.stop();
    }
  }
}
