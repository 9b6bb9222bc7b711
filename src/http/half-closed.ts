import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type AbortNotice, type Clock, sleep } from '../kernel/index.js';
import { OPEN_STREAM, type StreamedResponse } from './open-stream.js';
import { findOpenResponse } from './response-order.middleware.js';

const FIRST_PAUSE_MS = 5;
const GROWTH = 3;

/**
 * How soon the end of a connection is noticed once everything before it was read, and how soon it is clear whether the client has
 * left, in milliseconds.
 */
const END_SEEN_AFTER_MS = 5;
const END_CLEAR_AFTER_MS = 50;

/**
 * Serves clients that only end their half of the connection after the request, as `nc -N` does, and gives up those that have left. The system reports both in the same way, because an SDK that aborts closes its connection, too. They differ
 * when something is sent to them: the system of a client that has left answers with a reset, which the next write reports.
 * So something harmless is sent at once, after 5 ms, and then less and less often. Before the status line that is `100
 * Continue`, which every client of HTTP/1.1 must skip (RFC 9110, section 15.2); afterwards the open stream
 * writes it. HTTP/1.0 has no such status: its streams begin at once, and a client that waits for a whole response counts as gone.
 * @param longestPauseMs between two probes
 */
export function answerHalfClosed(server: Server, clock: Clock, longestPauseMs: number): void {
  // Otherwise Node ends its half as well, and with it the response.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.on('connection', (socket: Socket) => {
    socket.on('end', () => watch(socket, clock, longestPauseMs));
  });
}

/**
 * Waits until it is clear whether the client has left: a few milliseconds, and some more if it has ended its half of the
 * connection. Call it when a body has waited unread.
 * @param signal aborts when the client leaves
 * @throws the signal's reason if the client has left
 */
export async function assertClientPresent(
  { socket }: IncomingMessage,
  clock: Clock,
  signal: AbortNotice,
): Promise<void> {
  await sleep(END_SEEN_AFTER_MS, clock, signal);
  if (socket.readableEnded) await sleep(END_CLEAR_AFTER_MS, clock, signal);
}

function watch(socket: Socket, clock: Clock, longestPauseMs: number): void {
  // Without a response, Node has ended the connection by now.
  if (!socket.writable) return;
  let pauseMs = FIRST_PAUSE_MS;
  let timer = clock.after(pauseMs, next);
  socket.once('close', () => timer.cancel());
  probe(socket);

  function next(): void {
    pauseMs = Math.min(pauseMs * GROWTH, longestPauseMs);
    timer = clock.after(pauseMs, next);
    probe(socket);
  }
}

function probe(socket: Socket): void {
  const response: StreamedResponse | undefined = findOpenResponse(socket);
  // Bytes that already wait to be sent serve as a probe as well.
  if (response === undefined || !socket.writable || socket.writableLength > 0) return;
  if (!response.headersSent && response.req.httpVersion !== '1.0') response.writeContinue();
  else if (response[OPEN_STREAM] !== undefined) response[OPEN_STREAM].probe();
  else if (!response.headersSent) socket.destroy();
}
