import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Most requests of one connection that may wait for earlier responses, and most bytes of them together. No SDK, browser or gateway
 * sends a request before it has the response to the last one; a client that sends more is cut off.
 */
const MOST_WAITING = 32;
const MOST_WAITING_BYTES = 64 * 1024;

/** The requests that wait on one connection. */
interface WaitingRequests {
  requests: number;
  bytes: number;
}

const waitingBySocket = new WeakMap<Socket, WaitingRequests>();

/** On a connection: its open response. Not a `WeakMap`, see `RECORD` in request-record.ts. */
const OPEN_RESPONSE = Symbol('open response');

interface ServingSocket extends Socket {
  [OPEN_RESPONSE]?: ServerResponse | undefined;
}

/**
 * Handles the requests of one connection one by one. A client may send several without waiting for responses ("pipelining"), and
 * before version 24 Node never emits `close` on a response that waits behind another: whatever was opened for it would stay open
 * when the client leaves. A request that still waits has opened nothing.
 */
export function keepResponseOrder(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const { socket } = request;
  const begin = (): void => {
    (socket as ServingSocket)[OPEN_RESPONSE] = response;
    response.on('close', forgetResponse);
    next();
  };
  if (response.socket !== null) begin();
  else queueRequest(request, response, begin);
}

/** A connection that waits for its next request would keep the response, and with it the whole run. */
function forgetResponse(this: ServerResponse): void {
  const socket: ServingSocket = this.req.socket;
  if (socket[OPEN_RESPONSE] === this) socket[OPEN_RESPONSE] = undefined;
}

/** Calls back when a response is the next one on its connection, but not if the client has left by then. */
function callInTurn(response: ServerResponse, callback: () => void): void {
  response.once('socket', (socket: Socket) => {
    // By the next tick, all listeners have been notified of the end of the previous response.
    process.nextTick(() => {
      if (!socket.destroyed) callback();
    });
  });
}

/** Finds the open response on a connection; undefined if there is none. */
export function findOpenResponse(socket: Socket): ServerResponse | undefined {
  const response = (socket as ServingSocket)[OPEN_RESPONSE];
  return response === undefined || response.destroyed || response.writableFinished ? undefined : response;
}

/**
 * True if all of a response has been handed to the system, as seen while it emits `close`. Node itself calls a response
 * finished, and emits `finish`, even if the rest of it is lost with the connection.
 */
export function isSent(response: ServerResponse): boolean {
  return response.writableEnded && response.socket === null && !response.req.socket.destroyed;
}

function queueRequest(request: IncomingMessage, response: ServerResponse, begin: () => void): void {
  const { socket } = request;
  // Node continues to parse what it has read, even after the connection is closed.
  if (socket.destroyed) return;
  const waiting = waitingBySocket.get(socket) ?? { requests: 0, bytes: 0 };
  waitingBySocket.set(socket, waiting);
  const bytes = countHeadBytes(request) + Number(request.headers['content-length'] ?? 0);
  if (waiting.requests >= MOST_WAITING || waiting.bytes + bytes > MOST_WAITING_BYTES || stopsReading(request)) {
    // If the server stopped reading instead, it would not notice when the client leaves.
    socket.destroy();
    return;
  }
  waiting.requests++;
  waiting.bytes += bytes;
  callInTurn(response, () => {
    waiting.requests--;
    waiting.bytes -= bytes;
    // Removes the time limit for sending the previous response.
    socket.setTimeout(0);
    begin();
  });
}

/** True if Node could stop reading the connection: this request's body is not read before its turn. */
function stopsReading({ socket, headers }: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) >= socket.readableHighWaterMark
  );
}

function countHeadBytes({ url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, url.length);
}
