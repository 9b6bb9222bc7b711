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
 * One call of a model, with its generation in the trace, its time limit and its account. Nothing happens before the first
 * batch is asked for. Whoever does not read it to its end must close it.
 */
export class TracedCall {
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

  /**
   * The next batch, or how the call ended.
   * @throws UpstreamError if the model fails, the signal's reason after an abort
   */
  next(): Promise<IteratorResult<readonly Delta[], ModelResult>> {
    return this.#stream.next().then(this.#onNext, this.#onFailure);
  }

  /** Ends a call that has not come to its end; does nothing to one that has. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    try {
      await this.#stream.return({ finishReason: 'stop' });
    } finally {
      this.#end(ABORTED, 'aborted');
    }
  }

  /** Made once, like the next: they are used for each batch. */
  readonly #onNext = (next: IteratorResult<readonly Delta[], ModelResult>): typeof next => {
    if (!this.#hasSpoken) this.#tellIdentity();
    if (next.done === true) {
      this.#end({ finishReason: next.value.finishReason }, next.value.finishReason);
      return next;
    }
    if (!this.#hasSpoken) {
      this.#generation.firstToken();
      this.#account.firstToken();
      this.#hasSpoken = true;
    }
    for (const delta of next.value) this.answer.add(delta);
    return next;
  };

  readonly #onFailure = (thrown: unknown): never => {
    const explained = this.#explain(thrown);
    this.#fail(explained);
    throw explained;
  };

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

  #fail(thrown: unknown): void {
    if (this.#context.abort.aborted) {
      this.#end(ABORTED, 'aborted');
      return;
    }
    const error = toMillraceError(thrown);
    const { code, name, diagnostic } = error;
    this.#context.ledger.failed(error, this.#name);
    this.#end({ level: 'ERROR', statusMessage: `${code ?? name}: ${diagnostic ?? '-'}` }, outcomeOf(error));
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
