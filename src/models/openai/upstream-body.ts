import type { SilenceWatch } from './silence-watch.js';
import type { ResponseBody } from './transport/index.js';
import { makeConnectionLostError } from './upstream-errors.js';

/** How long an upstream may take to close a complete response before its connection is dropped, in milliseconds. */
export const CLOSE_LIMIT_MS = 2_000;

/** The bytes of one upstream response, read on demand. */
export class UpstreamBody {
  readonly #body: ResponseBody;
  readonly #watch: SilenceWatch;
  #ended = false;
  #unread: Uint8Array | undefined;
  /** The running limit for the rest of the response. */
  #restLimitMs: number | undefined;

  constructor(body: ResponseBody, watch: SilenceWatch) {
    this.#body = body;
    this.#watch = watch;
  }

  /**
   * Reads the next bytes; undefined at the end.
   * @param limitMs longest wait, in milliseconds; absent: the rest of the last limit
   * @throws UpstreamError if the upstream is silent for longer or the connection breaks, after all received bytes; the abort
   *   reason after an abort
   */
  read(limitMs?: number): Promise<Uint8Array | undefined> {
    this.#restLimitMs = undefined;
    return this.#hasBytes ? this.#next() : this.#wait(limitMs);
  }

  /** Like {@link read}, but consecutive reads with the same limit share it. */
  readRest(limitMs: number): Promise<Uint8Array | undefined> {
    if (this.#hasBytes) return this.#next();
    const isRunning = limitMs === this.#restLimitMs;
    this.#restLimitMs = limitMs;
    return this.#wait(isRunning ? undefined : limitMs);
  }

  /** Puts bytes back for the next read. */
  putBack(bytes: Uint8Array): void {
    this.#unread = bytes;
  }

  /**
   * Ends a complete response: reads to its end in the background, because a connection is only reused after that, and ends
   * the watch.
   */
  async finish(): Promise<void> {
    while (!this.#ended && (await this.readRest(CLOSE_LIMIT_MS).catch(() => undefined)) !== undefined);
    if (this.#ended) this.#watch.end();
    else this.#watch.giveUp();
  }

  /** True if a read needs no waiting, so that a late reader does not find the upstream silent. */
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

  /** Made once, like the next one, because each read uses them. */
  readonly #onBytes = (bytes: Uint8Array | undefined): Uint8Array | undefined => {
    this.#watch.noteBytes();
    this.#ended = bytes === undefined;
    return bytes;
  };

  readonly #onFailure = (error: unknown): never => {
    throw this.#watch.signal.aborted ? this.#watch.signal.reason : makeConnectionLostError(error);
  };
}
