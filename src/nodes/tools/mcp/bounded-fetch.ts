/** Most bytes of one HTTP response of a server, and of one message in a stream that stays open. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** A server sent more than the limit for one response. */
export class ResponseTooLargeError extends Error {
  constructor() {
    super(`The server sent more than ${MOST_BYTES / 1024 ** 2} MB at once`);
  }
}

/**
 * `fetch` that reads no more of a response than {@link MOST_BYTES}. A stream that was not asked for by a message stays
 * open for long: there, each message is bounded.
 * @param onTooLarge called when a response is cut off
 * @param ask sends the requests
 */
export function makeBoundedFetch(
  onTooLarge: (error: ResponseTooLargeError) => void,
  ask: typeof fetch = fetch,
): typeof fetch {
  return async (input, init) => {
    const response = await ask(input, init);
    if (response.body === null) return response;
    const isLong = init?.method === undefined || init.method === 'GET';
    let bytes = 0;
    const bounded = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          // The end of a message is an empty line.
          const end = isLong ? chunk.lastIndexOf(0x0a) : -1;
          bytes = end === -1 ? bytes + chunk.length : chunk.length - end;
          if (bytes <= MOST_BYTES) {
            controller.enqueue(chunk);
            return;
          }
          const error = new ResponseTooLargeError();
          onTooLarge(error);
          controller.error(error);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(bounded, { status, statusText, headers });
  };
}
