/** One frame of an event stream. `at` is its arrival, by `performance.now()`. */
export type SseItem =
  | {
      readonly kind: 'data';
      /** The `Last-Event-ID` with which a client continues after it; absent if it has none. */
      readonly id?: string;
      /** Name of the event; absent if it has none. */
      readonly event?: string;
      readonly data: string;
      /** The parsed data; undefined for `[DONE]`. */
      readonly json: unknown;
      readonly at: number;
    }
  | { readonly kind: 'comment'; readonly text: string; readonly at: number };

/** The bytes of an event stream do not have the form that this server promises. */
export class FramingError extends Error {
  constructor(message: string, near: string) {
    super(`${message}: ${JSON.stringify(near.slice(0, 200))}`);
    this.name = 'FramingError';
  }
}

/** The data that ends a stream of chunks. */
export const DONE = '[DONE]';

/**
 * Parses an event stream as strictly as possible: valid UTF-8; each frame is one line, `data: ` with JSON or `: ` with a
 * comment, and a blank line; nothing after `[DONE]`; the stream ends only after a frame. An event has a name, in a line
 * before, only if its JSON has a `type`, which is the name. Before that it may have a number for `Last-Event-ID`, and before that
 * the time after which browsers come back.
 */
export class FrameReader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #rest = '';
  #done = false;

  /**
   * Yields the frames that these bytes complete.
   * @throws FramingError
   */
  *push(bytes: Uint8Array, at: number): Generator<SseItem, void, void> {
    this.#rest += this.#decode(bytes);
    for (;;) {
      if (this.#done && this.#rest !== '') throw new FramingError('There is something after [DONE]', this.#rest);
      const end = this.#rest.indexOf('\n\n');
      if (end < 0) break;
      const frame = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      const item = readItem(frame, at);
      this.#done = item.kind === 'data' && item.data === DONE;
      yield item;
    }
    // Checked before the frame is complete, because a stream without blank lines would never complete one.
    if (/\n./.test(this.#rest.replace(HEAD, '')))
      throw new FramingError('A line is not followed by a blank line', this.#rest);
    if (this.#rest.includes('\r')) throw new FramingError('There is a carriage return', this.#rest);
  }

  /** @throws FramingError if the stream may not end here */
  end(): void {
    const rest = this.#rest + this.#decode(undefined);
    if (rest !== '') throw new FramingError('The stream ends inside a frame', rest);
  }

  #decode(bytes: Uint8Array | undefined): string {
    try {
      return bytes === undefined ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true });
    } catch {
      throw new FramingError('The stream is not valid UTF-8 after', this.#rest);
    }
  }
}

/**
 * Reads all frames of a stream that was read elsewhere, for example by a child process.
 * @throws FramingError
 */
export function readFrames(stream: string): readonly SseItem[] {
  const reader = new FrameReader();
  const items = [...reader.push(Buffer.from(stream), performance.now())];
  reader.end();
  return items;
}

/** The lines that an event may have before its data. */
const HEAD = /^(?:retry: \d+\n)?(?:id:(?: (\d+))?\n)?(?:event: ([^\n]+)\n)?/;

function readItem(text: string, at: number): SseItem {
  const [head = '', id, event] = HEAD.exec(text) ?? [];
  const item = readFrame(text.slice(head.length), at);
  if (head === '') return item;
  if (item.kind !== 'data') throw new FramingError('A comment has an id or a name', text);
  if (event !== undefined && (item.json as { readonly type?: unknown } | null | undefined)?.type !== event) {
    throw new FramingError('The name of an event is not its type', text);
  }
  return { ...item, ...(id !== undefined && { id }), ...(event !== undefined && { event }) };
}

function readFrame(frame: string, at: number): SseItem {
  if (frame.includes('\n')) throw new FramingError('A frame has several lines', frame);
  if (frame.includes('\r')) throw new FramingError('There is a carriage return', frame);
  if (frame.startsWith(': ')) return { kind: 'comment', text: frame.slice(2), at };
  if (!frame.startsWith('data: ')) throw new FramingError('A frame is neither "data: …" nor ": …"', frame);
  const data = frame.slice('data: '.length);
  if (data === DONE) return { kind: 'data', data, json: undefined, at };
  try {
    return { kind: 'data', data, json: JSON.parse(data) as unknown, at };
  } catch {
    throw new FramingError('The data of a frame is not JSON', frame);
  }
}
