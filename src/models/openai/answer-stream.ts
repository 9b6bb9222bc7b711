import type { AbortNotice, Clock } from '../../kernel/index.js';
import { type Delta, PulledGenerator } from '../../streaming/index.js';
import type { CallControls, ModelResult } from '../chat-model.js';
import { detectFormat } from './answer-format.js';
import { AnswerReader } from './answer-reader.js';
import { type EndingHabit, EventBatches } from './event-batches.js';
import { SilenceWatch } from './silence-watch.js';
import type { Answer } from './transport/index.js';
import type { UnknownWords } from './unknown-words.js';
import { UpstreamBody } from './upstream-body.js';
import { badAnswer } from './upstream-errors.js';
import { WholeAnswer } from './whole-answer.js';

/** How long an upstream may be silent, in milliseconds. */
interface SilenceLimits {
  /** Longest wait for the first delta, from the request on. */
  readonly firstTokenTimeoutMs: number;
  /** Longest silence after it. */
  readonly idleTimeoutMs: number;
}

/** What an upstream may do with its answer before it is given up. */
export interface AnswerLimits extends SilenceLimits {
  /** Most characters of an answer: text, reasoning, refusal, tool calls, sources, images and sound together. */
  readonly maxAnswerLength: number;
}

/** What is read of an answer, in batches of what one read of it brought. */
interface Batches {
  /** The next batch, or undefined at the end. */
  next(): Promise<readonly Delta[] | undefined>;
}

/** The answer to one call of a model. The request is sent when the first batch is asked for. */
export class AnswerStream extends PulledGenerator<readonly Delta[], ModelResult> {
  readonly #request: (signal: AbortNotice) => Promise<Answer>;
  readonly #scope: CallControls;
  readonly #clock: Clock;
  readonly #limits: AnswerLimits;
  readonly #habit: EndingHabit;
  readonly #reader: AnswerReader;
  /** From the first pull to the end. */
  #watch: SilenceWatch | undefined;
  #body: UpstreamBody | undefined;
  #batches: Batches | undefined;

  /**
   * @param request sends the request, again if need be, and resolves with the head of the answer
   * @param habit of the model, which this answer can change
   * @param unknown takes words of the answer that nobody knows
   * @param onReasoningContent told once if reasoning comes by the name `reasoning_content`
   */
  constructor(
    request: (signal: AbortNotice) => Promise<Answer>,
    scope: CallControls,
    limits: AnswerLimits,
    habit: EndingHabit,
    unknown: UnknownWords,
    clock: Clock,
    onReasoningContent?: () => void,
  ) {
    super();
    this.#request = request;
    this.#scope = scope;
    this.#limits = limits;
    this.#habit = habit;
    this.#clock = clock;
    this.#reader = new AnswerReader(scope, limits.maxAnswerLength, unknown, onReasoningContent);
  }

  override next(): Promise<IteratorResult<readonly Delta[], ModelResult>> {
    return (this.#batches?.next() ?? this.#first()).then(this.#onBatch, this.#onFailure);
  }

  protected override async close(): Promise<void> {
    this.#end((watch) => watch.giveUp());
  }

  async #first(): Promise<readonly Delta[] | undefined> {
    const watch = new SilenceWatch(this.#clock, this.#limits.firstTokenTimeoutMs);
    this.#watch = watch;
    const { signal } = this.#scope;
    if (signal.aborted) this.#onAbort();
    signal.addEventListener('abort', this.#onAbort, { once: true });
    const head = await this.#request(watch.signal);
    if (head.body === undefined) throw badAnswer('it has no body');
    const body = new UpstreamBody(head.body, watch);
    this.#body = body;
    const format = await detectFormat(body, readContentType(head));
    this.#batches =
      format === 'json'
        ? new WholeAnswer(body, this.#reader, this.#limits)
        : new EventBatches(body, this.#reader, this.#limits, this.#habit);
    return this.#batches.next();
  }

  /** Made once, like the next: they are used for each batch. */
  readonly #onBatch = (batch: readonly Delta[] | undefined): IteratorResult<readonly Delta[], ModelResult> => {
    if (batch !== undefined) return { done: false, value: batch };
    const rest: Delta[] = [];
    this.#reader.end(rest);
    const { finishReason } = this.#reader;
    if (finishReason === undefined) return this.#onFailure(badAnswer('it ended without a finish_reason'));
    // The next pull comes here again, and finds nothing left.
    if (rest.length > 0) return { done: false, value: rest };
    this.#end(() => void this.#body?.finish());
    return { done: true, value: { finishReason } };
  };

  readonly #onFailure = (error: unknown): never => {
    const signal = this.#watch?.signal;
    // An abort surfaces from the transport as some error or other; its reason is what happened.
    const thrown = signal?.aborted === true ? signal.reason : error;
    this.#end((watch) => watch.giveUp());
    throw thrown;
  };

  readonly #onAbort = (): void => this.#watch?.abort(this.#scope.signal.reason);

  /** Once, however it ends. */
  #end(last: (watch: SilenceWatch) => void): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    this.#watch = undefined;
    this.#scope.signal.removeEventListener('abort', this.#onAbort);
    last(watch);
  }
}

function readContentType({ headers }: Answer): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
