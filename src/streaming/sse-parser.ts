/** A line of an event stream, or the data of one event, was longer than the reader accepts. */
export class SseTooLongError extends Error {
  constructor(limit: number) {
    super(`A line or an event of the event stream is longer than ${limit} bytes`);
    this.name = 'SseTooLongError';
  }
}

const LF = 0x0a;
const CR = 0x0d;
/** What one more data line of an event takes in memory beside its text. */
const LINE_BYTES = 64;
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Reads server-sent events from bytes cut anywhere (WHATWG HTML, section 9.2): line ends LF, CR and CRLF, comments, `data:`
 * with or without a space, several data lines, a byte order mark, and, unlike a browser, a last event without its blank
 * line, because servers that close early leave it out.
 *
 * Only whole lines are decoded, so a character is never cut; bytes after the last line end wait, uncopied, for the rest.
 */
export class SseParser {
  readonly #onEvent: (data: string, event: string) => void;
  readonly #limit: number;
  #tail: Uint8Array[] = [];
  #tailLength = 0;
  #endedWithCr = false;
  #started = false;
  #data: string | undefined;
  #event = '';
  /** What the event takes beside its data: for each line, and for the reads that lines were cut from, which stay with them. */
  #overhead = 0;

  /**
   * @param onEvent called for each event with its data and its name (empty if it has none)
   * @param limit of one line, and of one event's data: bytes while they come in, characters of the text they make. As much again
   *   may lie around the data of an event: comments, and {@link LINE_BYTES} for each line
   */
  constructor(onEvent: (data: string, event: string) => void, limit: number) {
    this.#onEvent = onEvent;
    this.#limit = limit;
  }

  /** @throws SseTooLongError when a line or an event exceeds the limit; the events before it have been given */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // The CR that ended the last read and this LF are one line end.
    const start = this.#endedWithCr && bytes[0] === LF ? 1 : 0;
    this.#endedWithCr = false;
    const cut = Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1;
    if (cut <= start) {
      this.#keep(bytes.subarray(start));
      return;
    }
    this.#endedWithCr = cut === bytes.length && bytes[cut - 1] === CR;
    this.#parseLines(this.#decode(bytes.subarray(start, cut)));
    this.#keep(bytes.subarray(cut));
  }

  /** The stream has ended: reads what is left of it. */
  end(): void {
    if (this.#tailLength > 0) this.#parseLines(`${this.#decode(new Uint8Array(0))}\n`);
    this.#dispatch();
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) return;
    this.#tailLength += rest.length;
    this.#assertShort(this.#tailLength);
    this.#tail.push(rest);
  }

  #decode(bytes: Uint8Array): string {
    const whole = this.#tailLength === 0 ? bytes : Buffer.concat([...this.#tail, bytes]);
    this.#tail = [];
    this.#tailLength = 0;
    const text = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString('utf8');
    if (this.#started) return text;
    this.#started = true;
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  }

  #parseLines(decoded: string): void {
    const text = decoded.includes('\r') ? decoded.replace(/\r\n?/g, '\n') : decoded;
    let start = 0;
    if (this.#data !== undefined) this.#addOverhead(text.length);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#assertShort(end - start);
      if (end === start) this.#dispatch();
      else this.#parseLine(text, start, end);
      start = end + 1;
    }
  }

  #parseLine(text: string, start: number, end: number): void {
    if (text.startsWith('data:', start)) {
      const from = start + (text.charCodeAt(start + 5) === 0x20 ? 6 : 5);
      const value = text.slice(from, end);
      this.#addData(value);
    } else if (text.startsWith('event:', start)) {
      this.#event = text.slice(start + 6, end).trim();
    } else if (end - start === 4 && text.startsWith('data', start)) {
      this.#addData('');
    }
  }

  #addData(value: string): void {
    if (this.#data === undefined) this.#data = value;
    else {
      this.#data += `\n${value}`;
      this.#addOverhead(LINE_BYTES);
    }
    this.#assertShort(this.#data.length);
  }

  #addOverhead(bytes: number): void {
    this.#overhead += bytes;
    this.#assertShort(this.#overhead);
  }

  #assertShort(length: number): void {
    if (length > this.#limit) throw new SseTooLongError(this.#limit);
  }

  #dispatch(): void {
    const data = this.#data;
    const event = this.#event;
    this.#data = undefined;
    this.#event = '';
    this.#overhead = 0;
    if (data !== undefined) this.#onEvent(data, event);
  }
}
