import type { SilenceWatch } from './silence-watch.js';
import type { AnswerBody } from './transport/index.js';
import { connectionLost } from './upstream-errors.js';

/** How long an upstream that has said all may take to close its answer before its connection is dropped, in ms. */
const CLOSE_LIMIT_MS = 2_000;

/** The bytes of one upstream answer, read when asked for. */
export class UpstreamBody {
  readonly #body: AnswerBody;
  readonly #watch: SilenceWatch;
  #ended = false;
  #isRest = false;

  constructor(body: AnswerBody, watch: SilenceWatch) {
    this.#body = body;
    this.#watch = watch;
  }

  /**
   * The next bytes, or undefined at the end.
   * @param limitMs how long to wait for them, in milliseconds; absent: for what is left of the last limit
   * @throws UpstreamError if the upstream is silent for longer, or the connection breaks; the abort reason after an abort
   */
  read(limitMs?: number): Promise<Uint8Array | undefined> {
    this.#watch.wait(limitMs);
    return this.#body.read().then(this.#onBytes, this.#onFailure);
  }

  /**
   * Like `read`, for an answer that may already be complete: silence and a broken connection are then its end. All that
   * is left of the answer has one limit of time together.
   */
  readRest(): Promise<Uint8Array | undefined> {
    const limitMs = this.#isRest ? undefined : CLOSE_LIMIT_MS;
    this.#isRest = true;
    return this.read(limitMs).catch(() => undefined);
  }

  /**
   * The answer is complete. Reads to its end in the background, because a connection is only used again after that, and
   * ends the watch.
   */
  async finish(): Promise<void> {
    while (!this.#ended && (await this.readRest()) !== undefined);
    if (this.#ended) this.#watch.end();
    else this.#watch.giveUp();
  }

  /** Made once, like the next: they are used for each read. */
  readonly #onBytes = (bytes: Uint8Array | undefined): Uint8Array | undefined => {
    this.#watch.heard();
    this.#ended = bytes === undefined;
    return bytes;
  };

  readonly #onFailure = (error: unknown): never => {
    throw this.#watch.signal.aborted ? this.#watch.signal.reason : connectionLost(error);
  };
}
