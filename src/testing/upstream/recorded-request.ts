import type { IncomingHttpHeaders } from 'node:http';
import type { Message } from '../../models/index.js';

/** Body of a recorded request, including unknown fields. */
export interface RecordedBody extends Readonly<Record<string, unknown>> {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly stream?: boolean | null;
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
  readonly stream_options?: { readonly include_usage?: boolean } | null;
}

/**
 * How a response ended: `finished` completely; `aborted` because the client closed the connection first; `cut` by the script
 * or by the closing of the upstream.
 */
export type ResponseEnding = 'finished' | 'aborted' | 'cut';

/** One request that an upstream received. */
export class RecordedRequest {
  /** Bytes of the response's body that the socket has accepted. Does not grow while the client does not read. */
  bytesWritten = 0;
  /** Resolves when the connection is done with this request. */
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

  /** Undefined while the response is under way. */
  get ending(): ResponseEnding | undefined {
    return this.#ending;
  }

  /** Whether the client disconnected before the end of the response. */
  get aborted(): boolean {
    return this.#ending === 'aborted';
  }

  /** Whether the whole response was sent. */
  get finished(): boolean {
    return this.#ending === 'finished';
  }

  /** Ends the request. Only the first call counts. */
  end(ending: ResponseEnding): void {
    this.#ending ??= ending;
    this.#settle(this.#ending);
  }
}
