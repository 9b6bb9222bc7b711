import type {
  CallRetry,
  CallControls,
  ChatModel,
  Message,
  ModelIdentity,
  ModelParameters,
  ModelResult,
  Usage,
} from '../../src/models/index.js';
import { OpenAIChatModel, type OpenAIChatModelOptions } from '../../src/models/openai/index.js';
import type { Delta } from '../../src/streaming/index.js';
import { eventually } from './eventually.js';
import { FakeClock } from './fake-clock.js';
import { ScriptedUpstream } from './scripted-upstream.js';

/** One call of a model that the test pulls, with everything that it reported. */
export class RecordedCall implements CallControls {
  readonly batches: (readonly Delta[])[] = [];
  readonly identities: ModelIdentity[] = [];
  readonly retries: CallRetry[] = [];
  readonly usages: Usage[] = [];
  /** The longest pause before a retry, in milliseconds. */
  patienceMs = Number.POSITIVE_INFINITY;
  /** The upstream's ids of its responses. */
  readonly requestIds: string[] = [];
  readonly stream: AsyncGenerator<readonly Delta[], ModelResult, void>;
  readonly #controller = new AbortController();

  constructor(
    model: ChatModel,
    parameters: ModelParameters = {},
    messages: readonly Message[] = [{ role: 'user', content: 'Hi' }],
  ) {
    this.stream = model.stream({ model: 'm', messages, parameters }, this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  canWait(ms: number): boolean {
    return ms <= this.patienceMs;
  }

  noteRequestId(id: string): void {
    this.requestIds.push(id);
  }

  noteRetry(retry: CallRetry): void {
    this.retries.push(retry);
  }

  noteIdentity(identity: ModelIdentity): void {
    this.identities.push(identity);
  }

  noteUsage(usage: Usage): void {
    this.usages.push(usage);
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  get deltas(): readonly Delta[] {
    return this.batches.flat();
  }

  /** All text of one channel so far. */
  text(channel: 'content' | 'reasoning' | 'refusal' = 'content'): string {
    return this.deltas.map((delta) => (delta.type === channel ? delta.text : '')).join('');
  }

  /**
   * Pulls the next batch.
   * @returns the result instead, at the end
   */
  async pull(): Promise<readonly Delta[] | ModelResult> {
    const { value } = await this.stream.next();
    if ('finishReason' in value) return value;
    this.batches.push(value);
    return value;
  }

  /** Pulls until the end. */
  async toEnd(): Promise<ModelResult> {
    for (;;) {
      const pulled = await this.pull();
      if ('finishReason' in pulled) return pulled;
    }
  }

  /**
   * Pulls until it fails.
   * @throws Error if it does not
   */
  async toFailure(): Promise<unknown> {
    const result = await this.toEnd().catch((error: unknown) => ({ error }));
    if ('error' in result) return result.error;
    throw new Error(`The call should have failed, but ended with ${result.finishReason}`);
  }
}

/** A model in front of a scripted upstream, with a clock that the test moves. */
export class ModelBench {
  readonly clock = new FakeClock();
  readonly model: OpenAIChatModel;

  private constructor(
    readonly upstream: ScriptedUpstream,
    options: Partial<OpenAIChatModelOptions>,
  ) {
    const usual = {
      apiKey: 'sk-bench',
      baseUrl: upstream.url,
      firstTokenTimeoutMs: 5_000,
      idleTimeoutMs: 1_000,
      maxCompletionLength: 8 * 1024 * 1024,
      maxRetries: 0,
    };
    this.model = new OpenAIChatModel({ ...usual, ...options }, this.clock);
  }

  static async start(options: Partial<OpenAIChatModelOptions> = {}): Promise<ModelBench> {
    return new ModelBench(await ScriptedUpstream.start(), options);
  }

  /** Starts a call, without pulling it. */
  call(parameters?: ModelParameters): RecordedCall {
    return new RecordedCall(this.model, parameters);
  }

  /** Checks that a call leaves nothing behind: no timer, and no open response. */
  async assertNothingOpen(): Promise<void> {
    await eventually(() => this.upstream.open === 0 && this.clock.pending === 0, {
      message: 'the end of all upstream responses and timers',
    });
  }

  /** Throws if a call left a timer or a response open, or if the upstream got a request without a script. */
  async close(): Promise<void> {
    try {
      await this.assertNothingOpen();
    } finally {
      await this.upstream.close();
    }
  }
}
