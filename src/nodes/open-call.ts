import { toMillraceError, UpstreamError } from '../errors/index.js';
import { type Outcome, outcomeOf } from '../metrics/index.js';
import type { CallScope, ModelCall, ModelIdentity, ModelResult } from '../models/index.js';
import { AnswerText, type Delta } from '../streaming/index.js';
import type { GenerationEnding, GenerationHandle } from '../tracing/index.js';
import type { CallAccount, CallName, TaskContext } from '../workflow/index.js';
import type { ModelTarget } from './model-target.js';
import { TimeLimit } from './time-limit.js';

/** Counts the requests to one model for one answer. */
export interface TryCounter {
  /** @returns the number of the one that goes out now, from 1 */
  countTry(): number;
}

/**
 * One call of a model while it lasts, with its generation in the trace, its time limit and its account. Whoever opens it must
 * close it. Nothing is sent before the first batch is asked for.
 */
export class OpenCall {
  /** What has come so far. */
  readonly answer = new AnswerText();
  readonly #context: TaskContext;
  readonly #explain: (thrown: unknown) => unknown;
  readonly #generation: GenerationHandle;
  readonly #account: CallAccount;
  readonly #limit: TimeLimit;
  readonly #tries: TryCounter;
  #name: CallName;
  readonly #stream: AsyncGenerator<readonly Delta[], ModelResult, void>;
  #facts: Pick<GenerationEnding, 'usage' | 'model'> = {};
  #heldIdentity: ModelIdentity | undefined;
  #hasSpoken = false;
  #hasEnded = false;

  /**
   * @param timeoutMs longest time of the whole call, in milliseconds; undefined: no limit of its own
   * @param tries counts the requests to this model
   * @param explain what is to be thrown in place of what the model failed with
   */
  constructor(
    target: ModelTarget,
    call: ModelCall,
    context: TaskContext,
    timeoutMs: number | undefined,
    tries: TryCounter,
    explain: (thrown: unknown) => unknown,
  ) {
    this.#context = context;
    this.#explain = explain;
    this.#generation = context.trace.generation(call.model, {
      model: call.model,
      provider: target.providerName,
      parameters: call.parameters,
      input: call.messages,
    });
    this.#account = context.ledger.openCall({ provider: target.providerName, model: call.model }, call, this.answer);
    this.#tries = tries;
    const {
      providerName: provider,
      model,
      provider: { address },
    } = target;
    this.#name = { provider, model, address, attempt: tries.countTry() };
    context.ledger.asks(this.#name);
    this.#limit = new TimeLimit(context, timeoutMs, upstreamTimeout);
    this.#stream = target.provider.chat.stream(call, this.#scope());
  }

  /** The batches of the answer, each of which is to be told to {@link take}. */
  get batches(): AsyncIterator<readonly Delta[], ModelResult, void> {
    return this.#stream;
  }

  /** A batch is here. */
  take(batch: readonly Delta[]): void {
    if (!this.#hasSpoken) {
      this.#tellIdentity();
      this.#generation.firstToken();
      this.#account.firstToken();
      this.#hasSpoken = true;
    }
    for (const delta of batch) this.answer.add(delta);
  }

  /** The answer has come to its end. */
  finish({ finishReason }: ModelResult): void {
    this.#tellIdentity();
    this.#end({ finishReason }, finishReason);
  }

  /**
   * The call has failed, or its answer cannot be used.
   * @returns what is to be thrown in place of what was
   */
  fail(thrown: unknown): unknown {
    const explained = this.#explain(thrown);
    if (this.#hasEnded) return explained;
    if (this.#context.abort.aborted) {
      this.#end(ABORTED, 'aborted');
      return explained;
    }
    const error = toMillraceError(explained);
    const { code, name, diagnostic } = error;
    this.#context.ledger.failed(error, this.#name);
    this.#end({ level: 'ERROR', statusMessage: `${code ?? name}: ${diagnostic ?? '-'}` }, outcomeOf(error));
    return explained;
  }

  /** Ends what is still open; does nothing to a call that has come to its end. */
  async close(): Promise<void> {
    try {
      await this.#stream.return({ finishReason: 'stop' });
    } finally {
      if (!this.#hasEnded) this.#end(ABORTED, 'aborted');
    }
  }

  #scope(): CallScope {
    return {
      signal: this.#limit.signal,
      canWait: (ms) => this.#context.canWait(ms),
      upstreamRequestId: (id) => {
        this.#name = { ...this.#name, upstream_request_id: id };
        this.#context.ledger.asks(this.#name);
      },
      retrying: (retry) => {
        const { delayMs: delay_ms, reason } = retry;
        this.#generation.event('retry', { ...retry }, 'WARNING');
        this.#account.retrying();
        const words = `asks a model again in ${Math.round(delay_ms)} ms: ${reason}`;
        this.#context.log.write('log', words, { ...this.#name, cause: reason });
        this.#name = { ...this.#name, attempt: this.#tries.countTry(), upstream_request_id: undefined };
        this.#context.ledger.asks(this.#name);
      },
      usage: (usage) => {
        this.#account.usage(usage);
        this.#facts = { ...this.#facts, usage };
      },
      identity: (identity) => {
        if (identity.model !== undefined) this.#facts = { ...this.#facts, model: identity.model };
        // The run takes the first model that it hears of for the author, so one that fails before it speaks stays unnamed.
        this.#heldIdentity = identity;
        if (this.#hasSpoken) this.#tellIdentity();
      },
    };
  }

  #tellIdentity(): void {
    if (this.#heldIdentity !== undefined) this.#context.ledger.identity(this.#heldIdentity);
    this.#heldIdentity = undefined;
  }

  #end(ending: GenerationEnding, outcome: Outcome): void {
    this.#hasEnded = true;
    this.#limit.end();
    this.#account.ended(outcome);
    this.#generation.end({ ...ending, ...this.#facts, output: this.answer.output() });
  }
}

const ABORTED: GenerationEnding = { level: 'WARNING', statusMessage: 'aborted' };

function upstreamTimeout(limitMs: number): UpstreamError {
  return new UpstreamError(`A model call took longer than the ${limitMs} ms that its node allows.`, {
    status: 504,
    code: 'upstream_timeout',
    diagnostic: `timeout: its node allows ${limitMs} ms`,
  });
}
