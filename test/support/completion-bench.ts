import OpenAI from 'openai';
import { Bench, type TestApp, type TestAppOptions } from './app.js';
import { assertCompletion, type WireChunk } from './chunks.js';
import type { ScriptedUpstream } from './scripted-upstream.js';
import type { SseItem } from './sse-frames.js';
import { assertValidCompletion } from './wire-schema.js';

/** A choice of a completion. */
type Choice = OpenAI.ChatCompletion['choices'][number];

/** The application in front of a scripted upstream, with methods that read completions in the forms of clients. */
export class CompletionBench {
  private constructor(
    private readonly bench: Bench,
    private readonly usual: object,
  ) {}

  /** @param usual the default parameters of all requests */
  static async start(options: TestAppOptions = {}, usual: object = {}): Promise<CompletionBench> {
    return new CompletionBench(await Bench.start(options), usual);
  }

  get upstream(): ScriptedUpstream {
    return this.bench.upstream;
  }

  get app(): TestApp {
    return this.bench.app;
  }

  /** All items of a stream. */
  async stream(body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<readonly SseItem[]> {
    return (await this.bench.open({ ...this.usual, ...body }, headers)).collect();
  }

  /** The deltas of a stream, which must be complete. */
  async streamDeltas(body: object = {}): Promise<readonly WireChunk['choices'][number]['delta'][]> {
    return assertCompletion(await this.stream(body)).flatMap(({ choices }) => choices.map(({ delta }) => delta));
  }

  /** The choice of a completion without streaming. */
  async complete(body: object = {}): Promise<Choice | undefined> {
    const { json } = await this.bench.ask({ ...this.usual, ...body });
    assertValidCompletion(json);
    return json.choices[0];
  }

  /** The message of such a choice. */
  async completeMessage(body: object = {}): Promise<Choice['message'] | undefined> {
    return (await this.complete(body))?.message;
  }

  /** OpenAI's own client. */
  makeClient(): OpenAI {
    return new OpenAI({ baseURL: this.app.baseUrl, apiKey: 'any', maxRetries: 0 });
  }

  async close(): Promise<void> {
    await this.bench.close();
  }
}
