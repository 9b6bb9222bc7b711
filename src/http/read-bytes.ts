import type { IncomingMessage } from 'node:http';
import { InvalidRequestError, RequestTimeoutError } from '../errors/index.js';
import { type AbortNotice, type Clock, ensureError, type Timer, TIMER_TOLERANCE_MS } from '../kernel/index.js';

/** Room for the first bytes of a body of unknown length. */
const FIRST_BYTES = 16 * 1024;

const NOTHING = Buffer.alloc(0);

/** How {@link readBytes} reads a body. */
interface ByteReading {
  /** The length that the request's head announces, in bytes; undefined if it announces none. */
  readonly announced: number | undefined;
  /** Ends the reading when it aborts. */
  readonly signal: AbortNotice;
  /**
   * Called each time a body of unknown length needs more room.
   * @returns undefined if it may grow at once; else a promise that resolves when it may, or rejects if it may not
   * @throws the reason why it may not grow
   */
  readonly mayGrowTo: (bytes: number) => Promise<void> | undefined;
  readonly clock: Clock;
  /** Longest pause between two pieces, in milliseconds; a wait for {@link mayGrowTo} does not count. */
  readonly idleMs: number;
}

/**
 * Reads a body to its end into one buffer. After an error, the caller must discard the rest.
 * @throws InvalidRequestError if it ends too soon, RequestTimeoutError if it pauses for too long, and what `mayGrowTo`
 *   throws
 */
export async function readBytes(request: IncomingMessage, reading: ByteReading): Promise<Buffer> {
  // By the next microtask, Node has parsed what came together with the head.
  await Promise.resolve();
  return takeWhole(request, reading) ?? readPieces(request, reading);
}

/** Reads the body if it has arrived already, as it has for most requests. */
function takeWhole(request: IncomingMessage, { announced, signal }: ByteReading): Buffer | undefined {
  if (request.readableLength !== announced || signal.aborted || request.destroyed) return undefined;
  const bytes = request.read() as Buffer | null;
  // Reads the end of the body, which the connection waits for.
  request.resume();
  return bytes ?? undefined;
}

function readPieces(
  request: IncomingMessage,
  { announced, signal, mayGrowTo, clock, idleMs }: ByteReading,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = NOTHING;
    let length = 0;
    let receivedAt = clock.monotonic();
    const stop = (): void => {
      idle.cancel();
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      stop();
      request.pause();
      reject(error);
    };
    /** One timer serves the whole body: it checks when the last piece came. */
    const look = (): void => {
      const leftMs = receivedAt + idleMs - clock.monotonic();
      if (request.isPaused()) idle = clock.after(idleMs, look);
      else if (leftMs >= TIMER_TOLERANCE_MS) idle = clock.after(leftMs, look);
      else fail(new RequestTimeoutError(idleMs));
    };
    let idle: Timer = clock.after(idleMs, look);
    const append = (chunk: Buffer): void => {
      if (length === 0 && chunk.length === announced) {
        bytes = chunk;
        length = announced;
        return;
      }
      if (length + chunk.length > bytes.length) {
        const larger = Buffer.allocUnsafe(announced ?? Math.max(FIRST_BYTES, 2 * (length + chunk.length)));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      length += chunk.copy(bytes, length);
    };
    const onData = (chunk: Buffer): void => {
      receivedAt = clock.monotonic();
      if (announced !== undefined) {
        append(chunk);
        return;
      }
      try {
        const room = mayGrowTo(length + chunk.length);
        append(chunk);
        if (room === undefined) return;
        request.pause();
        room.then(() => {
          receivedAt = clock.monotonic();
          request.resume();
        }, fail);
      } catch (error) {
        fail(ensureError(error));
      }
    };
    const onEnd = (): void => {
      stop();
      resolve(bytes.subarray(0, length));
    };
    const onClose = (): void => {
      fail(new InvalidRequestError('The body of the request is not as long as its Content-Length says.'));
    };
    const onAbort = (): void => fail(ensureError(signal.reason));
    if (signal.aborted) {
      onAbort();
      return;
    }
    if (request.destroyed) {
      onClose();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
