/**
 * Reads a stream of server-sent events by the rules of the HTML standard: lines end with CR LF, LF or CR, several
 * `data` lines are one event, and lines that begin with a colon are comments.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<string, void, void>} the data of each event
 */
export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const lines = new Lines();
  /** @type {string[]} */
  let data = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      for (const line of lines.take(value)) {
        if (line === '') {
          if (data.length > 0) yield data.join('\n');
          data = [];
        } else if (line === 'data' || line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      }
    }
  } finally {
    // Leaving the loop early closes the connection, so that the server stops writing.
    await reader.cancel().catch(() => undefined);
  }
}

/** Cuts text that comes in pieces into lines. */
class Lines {
  #begun = '';
  #endedWithReturn = false;

  /** @param {string} text @returns {string[]} the lines that it completes */
  take(text) {
    if (text === '') return [];
    // A line feed at the start belongs to the carriage return at the end of the piece before.
    const rest = this.#endedWithReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.#endedWithReturn = text.endsWith('\r');
    const lines = (this.#begun + rest).split(/\r\n|\n|\r/);
    this.#begun = lines.pop() ?? '';
    return lines;
  }
}
