import type { Type } from '@nestjs/common';
import { Bench, type TestApp } from './app.js';
import { type HttpResponse } from './http-client.js';
import { RecordingTracer } from './recording-tracer.js';
import type { ScriptedUpstream } from './scripted-upstream.js';
import { type SseStream } from './sse-client.js';

/** The question of a client to agents with tools. */
export const WEATHER_QUESTION = [{ role: 'user', content: 'How warm is it in Oslo?' }];

/** The application with the workflow `test` of one agent, in front of a scripted upstream, with a recording tracer. */
export class AgentBench {
  private constructor(
    private readonly bench: Bench,
    readonly tracer: RecordingTracer,
  ) {}

  static async start(module: Type<unknown>): Promise<AgentBench> {
    const tracer = new RecordingTracer();
    return new AgentBench(await Bench.start({ imports: [module], tracer }), tracer);
  }

  get upstream(): ScriptedUpstream {
    return this.bench.upstream;
  }

  get app(): TestApp {
    return this.bench.app;
  }

  ask(body: object = {}): Promise<HttpResponse> {
    return this.bench.ask({ model: 'test', messages: WEATHER_QUESTION, ...body });
  }

  open(body: object = {}): Promise<SseStream> {
    return this.bench.open({ model: 'test', messages: WEATHER_QUESTION, ...body });
  }

  /** Throws if a span was left open. */
  async close(): Promise<void> {
    await this.bench.close();
    this.tracer.assertAllClosed();
  }
}
