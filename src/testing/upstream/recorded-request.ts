import type { IncomingHttpHeaders } from 'node:http';
import type { Message } from '../../models/index.js';

/** Body of a recorded request, with whatever else was in it. */
export interface RecordedBody extends Readonly<Record<string, unknown>> {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly stream?: boolean | null;
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
  readonly stream_options?: { readonly include_usage?: boolean } | null;
}

/**
 * How an answer ended: sent to its end; `aborted` because the client closed the connection first; `cut` because the script
 * or the closing of the upstream broke it off.
 */
export type ResponseEnding = 'finished' | 'aborted' | 'cut';

/** What an upstream knows of one request. */
export class RecordedRequest {
  /** Bytes of the answer's body that were accepted by the socket. Stands still while the client does not read. */
  bytesWritten = 0;
  /** Resolves when the connection has no more to do with this request. */
  readonly closed: Promise<ResponseEnding>;
  #ending: ResponseEnding | undefined;
  #settle: (ending: ResponseEnding) => void = () => undefined;

  constructor(
    /** Counted from 0 in the order of arrival. */
    readonly index: number,
    readonly method: string,
    /** With the query, if there is one. */
    readonly path: string,
    readonly headers: IncomingHttpHeaders,
    readonly body: RecordedBody,
    /** When the request's head arrived, by `performance.now()`. */
    readonly startedAt: number,
  ) {
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Undefined while the answer is under way. */
  get ending(): ResponseEnding | undefined {
    return this.#ending;
  }

  /** Whether the client left before the answer's end. */
  get aborted(): boolean {
    return this.#ending === 'aborted';
  }

  /** Whether the whole answer was sent. */
  get finished(): boolean {
    return this.#ending === 'finished';
  }

  /** The first ending counts. */
  end(ending: ResponseEnding): void {
    this.#ending ??= ending;
    this.#settle(this.#ending);
  }
}
