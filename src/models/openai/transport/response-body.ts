/** What feeds a body, and can be told to wait. */
export interface BodySource {
  pause(): void;
  resume(): void;
}

/** Whoever waits for the next bytes. */
interface Reader {
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

const ENDED = Promise.resolve(undefined);
/** Bytes that may wait for their reader before the source is told to wait. */
const HIGH_WATER_MARK = 64 * 1024;

/** The body of a response: pushed by the connection, pulled by its one reader, and bounded in between. */
export class ResponseBody {
  readonly #source: BodySource;
  #waiting: Uint8Array[] = [];
  #length = 0;
  #isPaused = false;
  #hasEnded = false;
  /** What comes after all that was received. */
  #failure: Error | undefined;
  #reader: Reader | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** True if there are bytes that the next {@link read} gives at once. */
  get hasBytes(): boolean {
    return this.#waiting.length > 0;
  }

  /** True if all has come that will. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** More bytes have come. */
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

  /** All bytes have come. */
  end(): void {
    this.#hasEnded = true;
    this.#settle()?.resolve(undefined);
  }

  /** No more will come, because of this. What has come is still given: it was answered, whatever happened afterwards. */
  fail(error: Error): void {
    if (this.#hasEnded || this.#failure !== undefined) return;
    this.#failure = error;
    this.#settle()?.reject(error);
  }

  /** The reader wants no more, because of this: what has come and was not read is dropped. */
  abort(reason: Error): void {
    this.#waiting = [];
    this.fail(reason);
  }

  /**
   * All that has come since the last call, or what comes next; undefined at the end. One call at a time.
   * @throws Error that the connection failed with, after all that was received
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
