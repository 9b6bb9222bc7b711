import { SseParser, SseTooLongError } from '../../protocol/index.js';
import type { Delta } from '../../streaming/index.js';
import { assertParsable, maxWrittenBytes } from './answer-bounds.js';
import type { AnswerReader } from './answer-reader.js';
import type { UpstreamBody } from './upstream-body.js';
import { answerTooLarge, upstreamErrorInAnswer } from './upstream-errors.js';

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

/** The deltas of an event stream, in batches: what one read of it brought, or a part of it if that was much. */
export class EventBatches {
  readonly #body: UpstreamBody;
  readonly #reader: AnswerReader;
  readonly #limits: BatchLimits;
  readonly #parser: SseParser;
  #batch: Delta[] = [];
  /** What was read and is for later turns. */
  #rest: Uint8Array | undefined;
  #fault: unknown;
  #hasEnded = false;

  constructor(body: UpstreamBody, reader: AnswerReader, limits: BatchLimits) {
    this.#body = body;
    this.#reader = reader;
    this.#limits = limits;
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
    // After the finish reason only usage and the end are to come, and some servers send neither.
    if (this.#reader.finishReason !== undefined) return this.#body.readRest();
    return this.#body.read(this.#reader.hasSpoken ? this.#limits.idleTimeoutMs : undefined);
  }

  #parse(bytes: Uint8Array | undefined): void {
    this.#rest = undefined;
    try {
      if (bytes === undefined) {
        this.#parser.end();
        this.#hasEnded = true;
      } else if (bytes.length <= WHOLE_READ) this.#parser.push(bytes);
      else {
        this.#rest = bytes.subarray(BYTES_PER_TURN);
        this.#parser.push(bytes.subarray(0, BYTES_PER_TURN));
      }
    } catch (error) {
      this.#fault = error instanceof SseTooLongError ? answerTooLarge(this.#limits.maxAnswerLength, error) : error;
    }
  }

  #onEvent(data: string, event: string): void {
    if (this.#hasEnded || data === '') return;
    if (data === '[DONE]') this.#hasEnded = true;
    else if (event === 'error') throw upstreamErrorInAnswer(errorOf(data));
    else this.#reader.read(data, this.#batch);
  }
}

/** The error in an event named `error`: some servers wrap it in `{error}`, some do not, and some write no JSON. */
function errorOf(data: string): unknown {
  assertParsable(data);
  try {
    const parsed: unknown = JSON.parse(data);
    return typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : parsed;
  } catch {
    return undefined;
  }
}
