import { Tracer, type TracingHealth } from '../../src/tracing/index.js';
import { Bench, type TestApp, type TestAppOptions } from './app.js';
import { eventually } from './eventually.js';
import { FakeLangfuse } from './fake-langfuse.js';
import type { ScriptedUpstream } from './scripted-upstream.js';
import { type SseStream } from './sse-client.js';

/** A trace as Langfuse received it. */
type ShownTrace = ReturnType<FakeLangfuse['traces']>[number];
/** A span of a trace, with the spans below it. */
export type ShownSpan = ShownTrace['roots'][number];

/** The prefix of the attributes that Langfuse shows. */
export const OBSERVATION = 'langfuse.observation.';

/** The names of spans as a nested list. */
export function outlineSpans(spans: readonly ShownSpan[]): unknown[] {
  return spans.map(({ name, children }) => (children.length === 0 ? name : [name, ...outlineSpans(children)]));
}

/** The value that Langfuse shows for a field of a span, such as `input`. */
export function readShown({ attributes }: ShownSpan, name: string): unknown {
  return attributes[OBSERVATION + name];
}

/** The application in front of a scripted upstream, which sends its traces to a fake Langfuse. */
export class LangfuseBench {
  private constructor(
    readonly langfuse: FakeLangfuse,
    private readonly bench: Bench,
  ) {}

  static async start({ env, ...options }: TestAppOptions = {}): Promise<LangfuseBench> {
    const langfuse = await FakeLangfuse.start();
    try {
      const keys = {
        LANGFUSE_PUBLIC_KEY: langfuse.publicKey,
        LANGFUSE_SECRET_KEY: langfuse.secretKey,
        LANGFUSE_BASE_URL: langfuse.url,
      };
      return new LangfuseBench(langfuse, await Bench.start({ ...options, env: { ...keys, ...env } }));
    } catch (error) {
      await langfuse.close();
      throw error;
    }
  }

  get upstream(): ScriptedUpstream {
    return this.bench.upstream;
  }

  get app(): TestApp {
    return this.bench.app;
  }

  get tracer(): Tracer {
    return this.app.nest.get(Tracer, { strict: false });
  }

  health(): TracingHealth {
    return this.tracer.readHealth();
  }

  /** Requests a stream, by default of the workflow `chat`. */
  ask(fields: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<SseStream> {
    return this.bench.open(fields, headers);
  }

  /** Waits for the trace with an id. */
  findTrace(id: unknown): Promise<ShownTrace> {
    const message = `the trace ${String(id)}`;
    return eventually(() => this.langfuse.traces().find(({ traceId }) => traceId === id), { message });
  }

  /** Waits for the trace that a stream's headers name. */
  findTraceOfStream({ headers }: SseStream): Promise<ShownTrace> {
    return this.findTrace(headers['x-trace-id']);
  }

  /** Closes the application first, which flushes its traces. */
  async close(): Promise<void> {
    try {
      await this.bench.close();
    } finally {
      await this.langfuse.close();
    }
  }
}
