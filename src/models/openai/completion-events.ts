import { type Delta, SseParser, SseTooLongError } from '../../streaming/index.js';
import { assertParsable, type CompletionLimits, maxWrittenBytes } from './completion-bounds.js';
import type { CompletionReader } from './completion-reader.js';
import { CLOSE_LIMIT_MS, type UpstreamBody } from './upstream-body.js';
import { makeCompletionTooLargeError, isTimeout, makeReportedError } from './upstream-errors.js';

/**
 * What is parsed in one turn of the event loop, in bytes: all of a read up to the first limit, some 50 events of OpenAI's and
 * 100 µs; of a larger one so much at a time. A fast upstream sends many times that in one read, and everybody else would wait for
 * all of it at each of their steps (docs/performance.md).
 */
const WHOLE_READ = 16 * 1024;
const BYTES_PER_TURN = 8 * 1024;

/** What is remembered of how a model's completions end, from one call to the next. */
export interface EndingHabit {
  /** True if the last one that came to its end did so by silence after its finish_reason, on an open connection. */
  endsInSilence: boolean;
}

/**
 * Reads the events of a completion: the deltas of one read of it at a time, or of a part of it if that was much.
 *
 * When a completion is over is harder to tell than it seems. `[DONE]` and the end of the body say so. A finish_reason alone does
 * not: some servers give one too early, or with each piece, and the usage that was asked for comes after it, from busy servers
 * seconds later. So the idle limit goes on after it, for all that follows together: comments do not stretch it.
 * - Text takes the finish_reason back. Those that this completion gives after that need a witness: usage, `[DONE]` or an end in
 *   good order. Without one, silence, an error or a broken connection is the failure that it looks like.
 * - Usage after the finish_reason: nothing is left but the end, which may take {@link CLOSE_LIMIT_MS}.
 * - Silence, an error event, a broken connection, or anything that cannot be understood: the completion is whole all the same.
 *   The client has all of it, and a failure would make it ask and pay for it again.
 * - A server that sends nothing after a finish_reason and never closes would take the idle limit for each completion, so the
 *   {@link EndingHabit} has it wait for {@link CLOSE_LIMIT_MS} only, until a completion ends in another way.
 */
export class CompletionEvents {
  readonly #body: UpstreamBody;
  readonly #reader: CompletionReader;
  readonly #limits: CompletionLimits;
  readonly #habit: EndingHabit;
  readonly #parser: SseParser;
  #batch: Delta[] = [];
  /** What was read and is for later turns. */
  #rest: Uint8Array | undefined;
  #fault: unknown;
  #hasEnded = false;

  constructor(body: UpstreamBody, reader: CompletionReader, limits: CompletionLimits, habit: EndingHabit) {
    this.#body = body;
    this.#reader = reader;
    this.#limits = limits;
    this.#habit = habit;
    const limit = maxWrittenBytes(limits.maxCompletionLength);
    this.#parser = new SseParser((data, event) => this.#onEvent(data, event), limit);
  }

  /** True once nothing more of it is to be read. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * What is to be parsed next; undefined at the end.
   * @throws UpstreamError if the connection breaks, or the upstream is silent, before the completion is whole
   */
  nextBytes(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    if (rest !== undefined) return new Promise((resolve) => setImmediate(resolve, rest));
    const { finishReason, isComplete, hasGoneOn, hasSpoken } = this.#reader;
    if (finishReason === undefined) return this.#body.read(hasSpoken ? this.#limits.idleTimeoutMs : undefined);
    const isShort = isComplete || (this.#habit.endsInSilence && !hasGoneOn);
    const read = this.#body.readRest(isShort ? CLOSE_LIMIT_MS : this.#limits.idleTimeoutMs);
    return this.#isWhole ? read.catch(this.#onFailureAfterAll) : read;
  }

  /** The deltas in these bytes; none, if they hold comments or the like. A fault among them is kept: see {@link throwFault}. */
  parse(bytes: Uint8Array | undefined): readonly Delta[] {
    this.#push(bytes);
    const batch = this.#batch;
    if (batch.length > 0) this.#batch = [];
    return batch;
  }

  /**
   * Call this once the deltas of the last {@link parse} are given: they came ahead of the fault, and belong to the client.
   * @throws UpstreamError if the upstream said what cannot be understood, or that it failed
   */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** True if the completion stands, whatever comes now. */
  get #isWhole(): boolean {
    const { finishReason, isComplete, hasGoneOn } = this.#reader;
    return finishReason !== undefined && (isComplete || !hasGoneOn);
  }

  readonly #onFailureAfterAll = (error: unknown): undefined => {
    this.#hasEnded = true;
    if (isTimeout(error)) this.#habit.endsInSilence = true;
    return undefined;
  };

  #push(bytes: Uint8Array | undefined): void {
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
      else
        this.#fault =
          error instanceof SseTooLongError
            ? makeCompletionTooLargeError(this.#limits.maxCompletionLength, error)
            : error;
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
      if (event === 'error') throw makeReportedError(readError(data));
      if (event === '' || event === 'message' || isCompletion(data)) this.#reader.read(data, this.#batch);
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
function isCompletion(data: string): boolean {
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
