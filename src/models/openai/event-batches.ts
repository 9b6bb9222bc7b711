import { type Delta, SseParser, SseTooLongError } from '../../streaming/index.js';
import { assertParsable, maxWrittenBytes } from './answer-bounds.js';
import type { AnswerReader } from './answer-reader.js';
import { CLOSE_LIMIT_MS, type UpstreamBody } from './upstream-body.js';
import { answerTooLarge, isTimeout, upstreamErrorInAnswer } from './upstream-errors.js';

/**
 * What is parsed in one turn of the event loop, in bytes: all of a read up to the first limit, some 50 events of OpenAI's and
 * 100 µs; of a larger one so much at a time. A fast upstream sends many times that in one read, and everybody else would wait for
 * all of it at each of their steps (docs/performance.md).
 */
const WHOLE_READ = 16 * 1024;
const BYTES_PER_TURN = 8 * 1024;

/** What an event stream is held to. */
interface BatchLimits {
  /** Longest silence between two reads once the model has spoken, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Most characters of an answer, which bounds each event. */
  readonly maxAnswerLength: number;
}

/** What is remembered of how a model's answers end, from one call to the next. */
export interface EndingHabit {
  /** True if the last answer that came to its end did so by silence after its finish_reason, on an open connection. */
  endsInSilence: boolean;
}

/**
 * The deltas of an event stream, in batches: what one read of it brought, or a part of it if that was much.
 *
 * When an answer is over is harder to tell than it seems. `[DONE]` and the end of the body say so. A finish_reason alone does
 * not: some servers give one too early, or with each piece, and the usage that was asked for comes after it, from busy servers
 * seconds later. So the idle limit goes on after it, for all that follows together: comments do not stretch it.
 * - Text takes the finish_reason back. Those that this answer gives after that need a witness: usage, `[DONE]` or an end in good
 *   order. Without one, silence, an error or a broken connection is the failure that it looks like.
 * - Usage after the finish_reason: nothing is left but the end, which may take {@link CLOSE_LIMIT_MS}.
 * - Silence, an error event, a broken connection, or anything that cannot be understood: the answer is whole all the same.
 *   The client has all of it, and a failure would make it ask and pay for it again.
 * - A server that sends nothing after a finish_reason and never closes would take the idle limit for each answer, so the
 *   {@link EndingHabit} has it wait for {@link CLOSE_LIMIT_MS} only, until an answer ends in another way.
 */
export class EventBatches {
  readonly #body: UpstreamBody;
  readonly #reader: AnswerReader;
  readonly #limits: BatchLimits;
  readonly #habit: EndingHabit;
  readonly #parser: SseParser;
  #batch: Delta[] = [];
  /** What was read and is for later turns. */
  #rest: Uint8Array | undefined;
  #fault: unknown;
  #hasEnded = false;

  constructor(body: UpstreamBody, reader: AnswerReader, limits: BatchLimits, habit: EndingHabit) {
    this.#body = body;
    this.#reader = reader;
    this.#limits = limits;
    this.#habit = habit;
    this.#parser = new SseParser((data, event) => this.#onEvent(data, event), maxWrittenBytes(limits.maxAnswerLength));
  }

  /**
   * The next batch, or undefined at the end.
   * @throws UpstreamError if the connection breaks, the upstream is silent, or it says what cannot be understood: after
   *   the batch of what came ahead of it, which was generated and belongs to the client
   */
  next(): Promise<readonly Delta[] | undefined> {
    if (this.#fault !== undefined || this.#hasEnded) return this.#untilBatch();
    return this.#nextBytes().then(this.#onBytes);
  }

  /** Most reads bring a batch. */
  readonly #onBytes = (bytes: Uint8Array | undefined): readonly Delta[] | Promise<readonly Delta[] | undefined> => {
    this.#parse(bytes);
    return this.#batch.length > 0 ? this.#takeBatch() : this.#untilBatch();
  };

  /** A loop: an upstream may send any number of comments before it has something to say. */
  async #untilBatch(): Promise<readonly Delta[] | undefined> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#hasEnded) return undefined;
      this.#parse(await this.#nextBytes());
      if (this.#batch.length > 0) return this.#takeBatch();
    }
  }

  #takeBatch(): readonly Delta[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  #nextBytes(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    if (rest !== undefined) return new Promise((resolve) => setImmediate(resolve, rest));
    const { finishReason, isComplete, hasGoneOn, hasSpoken } = this.#reader;
    if (finishReason === undefined) return this.#body.read(hasSpoken ? this.#limits.idleTimeoutMs : undefined);
    const isShort = isComplete || (this.#habit.endsInSilence && !hasGoneOn);
    const read = this.#body.readRest(isShort ? CLOSE_LIMIT_MS : this.#limits.idleTimeoutMs);
    return this.#isWhole ? read.catch(this.#onFailureAfterAll) : read;
  }

  /** True if the answer stands, whatever comes now. */
  get #isWhole(): boolean {
    const { finishReason, isComplete, hasGoneOn } = this.#reader;
    return finishReason !== undefined && (isComplete || !hasGoneOn);
  }

  readonly #onFailureAfterAll = (error: unknown): undefined => {
    this.#hasEnded = true;
    if (isTimeout(error)) this.#habit.endsInSilence = true;
    return undefined;
  };

  #parse(bytes: Uint8Array | undefined): void {
    this.#rest = undefined;
    try {
      if (bytes === undefined) {
        this.#parser.end();
        this.#end();
      } else if (bytes.length <= WHOLE_READ) this.#parser.push(bytes);
      else {
        this.#rest = bytes.subarray(BYTES_PER_TURN);
        this.#parser.push(bytes.subarray(0, BYTES_PER_TURN));
      }
    } catch (error) {
      if (this.#isWhole) this.#end();
      else this.#fault = error instanceof SseTooLongError ? answerTooLarge(this.#limits.maxAnswerLength, error) : error;
    }
  }

  /** In good order, unless it was over before. */
  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#habit.endsInSilence = false;
  }

  #onEvent(data: string, event: string): void {
    if (this.#hasEnded || data === '') return;
    if (data === '[DONE]' || isDone(data)) {
      this.#reader.done();
      this.#end();
      return;
    }
    try {
      if (event === 'error') throw upstreamErrorInAnswer(readError(data));
      if (event === '' || event === 'message' || isAnswer(data)) this.#reader.read(data, this.#batch);
    } catch (error) {
      if (!this.#isWhole) throw error;
    }
  }
}

/** As some servers write the end. */
function isDone(data: string): boolean {
  return data.length <= 16 && /^\s*\[?done\]?\s*$/i.test(data);
}

/** Pings and the like have names, but so have the chunks of some servers, each its own: what they hold tells them apart. */
function isAnswer(data: string): boolean {
  return /^\s*\{/.test(data) && (data.includes('"choices"') || data.includes('"error"'));
}

/** The error in an event named `error`: some servers wrap it in `{error}`, some do not, and some write no JSON. */
function readError(data: string): unknown {
  assertParsable(data);
  try {
    const parsed: unknown = JSON.parse(data);
    return typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : parsed;
  } catch {
    return undefined;
  }
}
