import { type Delta, SseParser, SseTooLongError } from '../../streaming/index.js';
import { assertParsable, type CompletionLimits, computeMaxWrittenBytes } from './completion-bounds.js';
import type { CompletionReader } from './completion-reader.js';
import { CLOSE_LIMIT_MS, type UpstreamBody } from './upstream-body.js';
import { makeCompletionTooLargeError, isTimeout, makeReportedError } from './upstream-errors.js';

/**
 * How many bytes are parsed in one turn of the event loop: a whole read up to the first limit (some 50 events of OpenAI's,
 * 100 µs), and parts of a larger one. A fast upstream sends many times that in one read, and all other requests would wait
 * for it (docs/performance.md).
 */
const WHOLE_READ = 16 * 1024;
const BYTES_PER_TURN = 8 * 1024;

/** How a model's completions end, remembered from one call to the next. */
export interface EndingHabit {
  /** True if the last whole completion ended with silence after its finish_reason, on an open connection. */
  endsInSilence: boolean;
}

/**
 * Reads the events of a completion: the deltas of one read at a time, or of a part of a large read.
 *
 * The end of a completion is hard to recognise. `[DONE]` and the end of the body mean the end, but a finish_reason alone does
 * not: some servers send it too early or with each piece, and the usage comes after it, seconds later from busy servers. So
 * the idle limit continues after it, for everything that follows together; comments do not extend it.
 * - More text revokes the finish_reason. A later finish_reason of this completion needs a confirmation: usage, `[DONE]` or an
 *   orderly end. Without it, silence, an error or a broken connection is a failure.
 * - After the finish_reason and the usage, only the end is left, which may take {@link CLOSE_LIMIT_MS}.
 * - After a finish_reason that stands, silence, an error event, a broken connection or unreadable data do not fail the
 *   completion: the client has all of it, and a failure would make it ask and pay again.
 * - A server that sends nothing after a finish_reason and never closes would take the idle limit for each completion. The
 *   {@link EndingHabit} shortens this to {@link CLOSE_LIMIT_MS}, until a completion ends in another way.
 */
export class CompletionEvents {
  readonly #body: UpstreamBody;
  readonly #reader: CompletionReader;
  readonly #limits: CompletionLimits;
  readonly #habit: EndingHabit;
  readonly #parser: SseParser;
  #batch: Delta[] = [];
  /** Bytes that were read and are left for later turns. */
  #rest: Uint8Array | undefined;
  #fault: unknown;
  #hasEnded = false;

  constructor(body: UpstreamBody, reader: CompletionReader, limits: CompletionLimits, habit: EndingHabit) {
    this.#body = body;
    this.#reader = reader;
    this.#limits = limits;
    this.#habit = habit;
    const limit = computeMaxWrittenBytes(limits.maxCompletionLength);
    this.#parser = new SseParser((data, event) => this.#onEvent(data, event), limit);
  }

  /** True once nothing more is to be read. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * The bytes to parse next; undefined at the end.
   * @throws UpstreamError if the connection breaks, or the upstream is silent, before the completion is whole
   */
  readNext(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    if (rest !== undefined) return new Promise((resolve) => setImmediate(resolve, rest));
    const { finishReason, isComplete, hasGoneOn, hasOutput } = this.#reader;
    if (finishReason === undefined) return this.#body.read(hasOutput ? this.#limits.idleTimeoutMs : undefined);
    const isShort = isComplete || (this.#habit.endsInSilence && !hasGoneOn);
    const read = this.#body.readRest(isShort ? CLOSE_LIMIT_MS : this.#limits.idleTimeoutMs);
    return this.#isWhole ? read.catch(this.#onFailureAfterAll) : read;
  }

  /** Parses bytes into deltas, possibly none. A fault in them is kept for {@link throwFault}. */
  parse(bytes: Uint8Array | undefined): readonly Delta[] {
    this.#push(bytes);
    const batch = this.#batch;
    if (batch.length > 0) this.#batch = [];
    return batch;
  }

  /**
   * Throws the fault of the last {@link parse}. Call it after its deltas have been passed on, as they came before the fault.
   * @throws UpstreamError if the data was unreadable or the upstream reported an error
   */
  throwFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** True if the completion is whole, whatever comes next. */
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

  /** Notes an orderly end, unless the completion was over before. */
  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#habit.endsInSilence = false;
  }

  #onEvent(data: string, event: string): void {
    if (this.#hasEnded || data === '') return;
    if (data === '[DONE]' || isDone(data)) {
      this.#reader.noteDone();
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

/** Whether data is `[DONE]` as some servers write it. */
function isDone(data: string): boolean {
  return data.length <= 16 && /^\s*\[?done\]?\s*$/i.test(data);
}

/** Whether a named event holds a chunk. Pings have event names, but so do the chunks of some servers, so the data decides. */
function isCompletion(data: string): boolean {
  return /^\s*\{/.test(data) && (data.includes('"choices"') || data.includes('"error"'));
}

/** Reads the error of an event named `error`: some servers wrap it in `{error}`, some do not, and some do not write JSON. */
function readError(data: string): unknown {
  assertParsable(data);
  try {
    const parsed: unknown = JSON.parse(data);
    return typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : parsed;
  } catch {
    return undefined;
  }
}
