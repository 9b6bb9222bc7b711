/** The source of a body, which can be paused. */
export interface BodySource {
  pause(): void;
  resume(): void;
}

/** The pending read. */
interface Reader {
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

const ENDED = Promise.resolve(undefined);
/** How many unread bytes are kept before the source is paused. */
const HIGH_WATER_MARK = 64 * 1024;

/** The body of a response: pushed by the connection, pulled by its one reader, and bounded in between. */
export class ResponseBody {
  readonly #source: BodySource;
  #waiting: Uint8Array[] = [];
  #length = 0;
  #isPaused = false;
  #hasEnded = false;
  /** The failure to report after all received bytes. */
  #failure: Error | undefined;
  #reader: Reader | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** True if the next {@link read} resolves at once with bytes. */
  get hasBytes(): boolean {
    return this.#waiting.length > 0;
  }

  /** True once the body is complete. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Takes more bytes. */
  push(bytes: Uint8Array): void {
    if (this.#failure !== undefined) return;
    if (this.#reader !== undefined) {
      this.#settle()?.resolve(bytes);
      return;
    }
    this.#waiting.push(bytes);
    this.#length += bytes.byteLength;
    if (this.#length >= HIGH_WATER_MARK && !this.#isPaused) {
      this.#isPaused = true;
      this.#source.pause();
    }
  }

  /** Ends the body. */
  end(): void {
    this.#hasEnded = true;
    this.#settle()?.resolve(undefined);
  }

  /** Fails the body. Bytes that have arrived are still delivered first. */
  fail(error: Error): void {
    if (this.#hasEnded || this.#failure !== undefined) return;
    this.#failure = error;
    this.#settle()?.reject(error);
  }

  /** Aborts the body; unread bytes are dropped. */
  abort(reason: Error): void {
    this.#waiting = [];
    this.fail(reason);
  }

  /**
   * Reads all bytes since the last call, or the next ones; undefined at the end. One call at a time.
   * @throws the error of the connection, after all received bytes
   */
  read(): Promise<Uint8Array | undefined> {
    if (this.#waiting.length > 0) return Promise.resolve(this.#take());
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#hasEnded) return ENDED;
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  #take(): Uint8Array {
    const [first, ...others] = this.#waiting;
    const bytes = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#waiting, this.#length);
    this.#waiting = [];
    this.#length = 0;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#source.resume();
    }
    return bytes;
  }

  #settle(): Reader | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }
}
