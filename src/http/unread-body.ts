import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../kernel/index.js';

/** How long a client that has its response already may continue to send its request, in milliseconds. */
const LINGER_MS = 30_000;

const lingering = new WeakSet<Socket>();

/**
 * Reads and discards what a refused client still sends. If it were cut off at once, it would see a broken connection in place of the
 * response, and its SDK would send the whole request again. A client that continues for too long is cut off.
 */
export function discardBody(request: IncomingMessage, clock: Clock): void {
  if (request.complete || request.destroyed) return;
  const { socket } = request;
  lingering.add(socket);
  const limit = clock.after(LINGER_MS, () => socket.destroy());
  const end = (): void => {
    limit.cancel();
    lingering.delete(socket);
    socket.off('close', end);
  };
  request.once('close', end);
  // Node does not report the end of the connection to a request that already has its response.
  socket.once('close', end);
  // Reads one piece in each turn of the event loop: many large bodies would otherwise hold up everything else.
  request.on('data', () => {
    request.pause();
    setImmediate(() => request.resume());
  });
  request.resume();
}

/** True while a client still sends a request that has its response: another response would be taken for that of its next request. */
export function isLingering(socket: Socket): boolean {
  return lingering.has(socket);
}
