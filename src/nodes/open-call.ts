import { type Outcome, readOutcome, toMillraceError, UpstreamError } from '../errors/index.js';
import type { AbortNotice, JsonValue } from '../kernel/index.js';
import {
  type CallControls,
  type CallRetry,
  estimateUnreportedTokens,
  type ModelCall,
  type ModelIdentity,
  type ModelResult,
  type Usage,
} from '../models/index.js';
import { type Delta, DeltaCollector } from '../streaming/index.js';
import { type AgentEvent, type CallName, type ModelCallContent, TaskContext } from '../workflow/index.js';
import type { ModelTarget } from './model-target.js';
import { TimeLimit } from './time-limit.js';

/** Counts the requests to one model for one output. */
export interface TryCounter {
  /** @returns the number of the request that goes out now, counted from 1 */
  countTry(): number;
}

/**
 * One open call of a model, with its controls. Applies its time limit and emits its events. The code that opens it must
 * close it. The request is sent when the first batch is asked for.
 */
export class OpenCall implements CallControls {
  /** What has been received so far. */
  readonly received = new DeltaCollector();
  readonly #call: ModelCall;
  readonly #context: TaskContext;
  readonly #tries: TryCounter;
  readonly #explain: (thrown: unknown) => unknown;
  readonly #number: number;
  readonly #limit: TimeLimit;
  readonly #stream: AsyncGenerator<readonly Delta[], ModelResult, void>;
  /** The request under way. */
  #name: CallName;
  #heldIdentity: ModelIdentity | undefined;
  #usage: Usage | undefined;
  /** The model's name according to the upstream. */
  #model: string | undefined;
  #hasOutput = false;
  #hasEnded = false;

  /**
   * @param timeoutMs longest duration of the whole call, in milliseconds; undefined: no limit of its own
   * @param tries counts the requests to this model
   * @param explain maps a failure of the model to the error to throw in its place
   */
  constructor(
    { providerName: provider, provider: { address, chat }, model }: ModelTarget,
    call: ModelCall,
    context: TaskContext,
    timeoutMs: number | undefined,
    tries: TryCounter,
    explain: (thrown: unknown) => unknown,
  ) {
    this.#call = call;
    this.#context = context;
    this.#tries = tries;
    this.#explain = explain;
    this.#number = context.events.takeNumber();
    this.#emit({
      type: 'model-call-started',
      call: this.#number,
      ...context.trace.place,
      provider,
      model,
      ...(context.events.wantsContent && { content: readContent(call) }),
    });
    this.#name = { provider, model, address, attempt: tries.countTry() };
    context.log.noteCall(this.#name);
    // A node that ignores the abort leaves its call open, but the usage must be known by the end of the run.
    TaskContext.readAbort(context).addEventListener('abort', this.#onAbort, { once: true });
    this.#limit = new TimeLimit(context, timeoutMs, makeTimeoutError);
    this.#stream = chat.stream(call, this);
  }

  /** The batches of the output. Pass each one to {@link take}. */
  get batches(): AsyncIterator<readonly Delta[], ModelResult, void> {
    return this.#stream;
  }

  /** Takes a batch that has arrived. */
  take(batch: readonly Delta[]): void {
    if (!this.#hasOutput) {
      this.#tellIdentity();
      this.#emit({ type: 'model-call-first-token', call: this.#number });
      this.#hasOutput = true;
    }
    for (const delta of batch) this.received.add(delta);
  }

  /** Ends a call whose output is complete. */
  finish({ finishReason }: ModelResult): void {
    this.#tellIdentity();
    this.#end(finishReason);
  }

  /**
   * Ends a call that failed or whose output cannot be used.
   * @returns the error to throw in place of `thrown`
   */
  fail(thrown: unknown): unknown {
    const explained = this.#explain(thrown);
    if (this.#hasEnded) return explained;
    if (TaskContext.readAbort(this.#context).aborted) {
      this.#end('aborted');
      return explained;
    }
    const error = toMillraceError(explained);
    const { code, name, diagnostic } = error;
    this.#context.log.noteFailedCall(error, this.#name);
    this.#end(readOutcome(error), `${code ?? name}: ${diagnostic ?? '-'}`);
    return explained;
  }

  /** Ends the call if it is still open. */
  async close(): Promise<void> {
    try {
      await this.#stream.return({ finishReason: 'stop' });
    } finally {
      this.#end('aborted');
    }
  }

  get signal(): AbortNotice {
    return this.#limit.signal;
  }

  get step(): string | undefined {
    return this.#context.log.node;
  }

  canWait(ms: number): boolean {
    return this.#context.canWait(ms);
  }

  noteRequestId(id: string): void {
    this.#name = { ...this.#name, upstream_request_id: id };
    this.#context.log.noteCall(this.#name);
  }

  noteRetry({ attempt, delayMs, reason }: CallRetry): void {
    const { log } = this.#context;
    const { provider, model } = this.#name;
    this.#emit({ type: 'model-call-retried', call: this.#number, provider, model, attempt, delayMs, reason });
    log.write('log', `asks a model again in ${Math.round(delayMs)} ms: ${reason}`, { ...this.#name, cause: reason });
    this.#name = { ...this.#name, attempt: this.#tries.countTry(), upstream_request_id: undefined };
    log.noteCall(this.#name);
  }

  noteUsage(usage: Usage): void {
    this.#usage = usage;
  }

  noteIdentity(identity: ModelIdentity): void {
    this.#model = identity.model ?? this.#model;
    // The run reports the first named model as its model, so a model that fails before its first delta is not named.
    this.#heldIdentity = identity;
    if (this.#hasOutput) this.#tellIdentity();
  }

  readonly #onAbort = (): void => this.#end('aborted');

  #emit(event: AgentEvent): void {
    this.#context.events.emit(event);
  }

  #tellIdentity(): void {
    if (this.#heldIdentity !== undefined) this.#emit({ type: 'model-identified', identity: this.#heldIdentity });
    this.#heldIdentity = undefined;
  }

  /** Only the first call counts. */
  #end(outcome: Outcome, failure?: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#limit.end();
    TaskContext.readAbort(this.#context).removeEventListener('abort', this.#onAbort);
    const usage = this.#usage;
    const unreportedTokens = this.#context.estimatesTokens ? this.#estimateUnreported(outcome) : 0;
    this.#emit({
      type: 'model-call-finished',
      call: this.#number,
      outcome,
      ...(failure !== undefined && { failure }),
      ...(usage !== undefined && { usage }),
      ...(unreportedTokens > 0 && { unreportedTokens }),
      ...(this.#model !== undefined && { model: this.#model }),
      ...(this.#context.events.wantsContent && { output: this.received.output() as JsonValue }),
    });
  }

  #estimateUnreported(outcome: Outcome): number {
    return estimateUnreportedTokens(this.#call, this.received, {
      outcome,
      hasOutput: this.#hasOutput,
      usage: this.#usage,
    });
  }
}

/** Messages came as JSON, and parameters did too or were checked at start-up, so the casts are safe. */
function readContent({ messages, parameters }: ModelCall): ModelCallContent {
  return { messages: messages as unknown as JsonValue, parameters: parameters as ModelCallContent['parameters'] };
}

function makeTimeoutError(limitMs: number): UpstreamError {
  return new UpstreamError(`A model call took longer than the ${limitMs} ms that its step allows.`, {
    status: 504,
    code: 'upstream_timeout',
    diagnostic: `timeout: its step allows ${limitMs} ms`,
  });
}
