import type { SilenceWatch } from './silence-watch.js';
import type { ResponseBody } from './transport/index.js';
import { makeConnectionLostError } from './upstream-errors.js';

/** How long an upstream that has said all may take to close its response before its connection is dropped, in ms. */
export const CLOSE_LIMIT_MS = 2_000;

/** The bytes of one upstream response, read when asked for. */
export class UpstreamBody {
  readonly #body: ResponseBody;
  readonly #watch: SilenceWatch;
  #ended = false;
  #unread: Uint8Array | undefined;
  /** The limit that runs for the rest of the response. */
  #restLimitMs: number | undefined;

  constructor(body: ResponseBody, watch: SilenceWatch) {
    this.#body = body;
    this.#watch = watch;
  }

  /**
   * The next bytes, or undefined at the end.
   * @param limitMs how long to wait for them, in milliseconds; absent: for what is left of the last limit
   * @throws UpstreamError if the upstream is silent for longer, or the connection breaks; the abort reason after an abort.
   *   What was received before is given first.
   */
  read(limitMs?: number): Promise<Uint8Array | undefined> {
    this.#restLimitMs = undefined;
    return this.#hasBytes ? this.#next() : this.#wait(limitMs);
  }

  /** Like {@link read}, but all reads that follow one another with the same limit have it together. */
  readRest(limitMs: number): Promise<Uint8Array | undefined> {
    if (this.#hasBytes) return this.#next();
    const isRunning = limitMs === this.#restLimitMs;
    this.#restLimitMs = limitMs;
    return this.#wait(isRunning ? undefined : limitMs);
  }

  /** Gives bytes back that were only looked at: the next read gives them again. */
  unread(bytes: Uint8Array): void {
    this.#unread = bytes;
  }

  /**
   * The response is complete. Reads to its end in the background, because a connection is only used again after that, and
   * ends the watch.
   */
  async finish(): Promise<void> {
    while (!this.#ended && (await this.readRest(CLOSE_LIMIT_MS).catch(() => undefined)) !== undefined);
    if (this.#ended) this.#watch.end();
    else this.#watch.giveUp();
  }

  /** What is there, the end included, needs no waiting, so a reader that comes late does not find the upstream silent. */
  get #hasBytes(): boolean {
    return this.#unread !== undefined || this.#body.hasBytes || this.#body.hasEnded;
  }

  #wait(limitMs: number | undefined): Promise<Uint8Array | undefined> {
    this.#watch.wait(limitMs);
    return this.#next();
  }

  #next(): Promise<Uint8Array | undefined> {
    const unread = this.#unread;
    if (unread === undefined) return this.#body.read().then(this.#onBytes, this.#onFailure);
    this.#unread = undefined;
    return Promise.resolve(unread);
  }

  /** Made once, like the next: they are used for each read. */
  readonly #onBytes = (bytes: Uint8Array | undefined): Uint8Array | undefined => {
    this.#watch.heard();
    this.#ended = bytes === undefined;
    return bytes;
  };

  readonly #onFailure = (error: unknown): never => {
    throw this.#watch.signal.aborted ? this.#watch.signal.reason : makeConnectionLostError(error);
  };
}
