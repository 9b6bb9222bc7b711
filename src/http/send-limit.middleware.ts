import type { ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { Clock } from '../kernel/index.js';

/** Longest time that sending one complete response may take, however steadily its client reads: ten minutes. */
const LONGEST_MS = 600_000;

/**
 * Cuts off clients that do not read: once a response is complete (a file from its beginning), some of it must leave
 * within each `sendTimeoutMs` milliseconds. A response whose run continues has the limit of the run. It takes a timer
 * only if the client is behind.
 */
export function limitSending(sendTimeoutMs: number, clock: Clock) {
  function onComplete(this: ServerResponse): void {
    const { socket } = this;
    if (socket === null || socket.writableLength === 0) return;
    // Node counts from the last byte sent, and removes the timeout when the response ends.
    socket.setTimeout(sendTimeoutMs);
    const limit = clock.after(LONGEST_MS, () => socket.destroy());
    this.once('close', () => limit.cancel());
  }
  function onPipe(this: ServerResponse): void {
    this.socket?.setTimeout(sendTimeoutMs);
  }
  return (_request: Request, response: Response, next: NextFunction): void => {
    response.on('prefinish', onComplete);
    response.on('pipe', onPipe);
    next();
  };
}
