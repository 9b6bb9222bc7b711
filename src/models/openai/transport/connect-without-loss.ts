import type { Socket } from 'node:net';
import { buildConnector } from './undici.js';

/**
 * Makes connections that give all that was received before they say that they broke. Node's own drop what is buffered in them
 * at a reset, up to a few hundred kilobytes while their reader is slow. Such a reset becomes the end of what can be read, as if
 * the other side had closed the connection too early, which undici takes as the failure that it is.
 */
export function connectWithoutLoss(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...result: Parameters<buildConnector.Callback>) => {
      if (result[0] === null) keepWhatWasReceived(result[1]);
      callback(...result);
    });
}

function keepWhatWasReceived(socket: Socket): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error) => {
    if (!isFailedRead(error) || socket.destroyed || socket.readableLength === 0) return destroy(error);
    socket.push(null);
    return socket;
  };
}

function isFailedRead(error: Error | undefined): boolean {
  return error !== undefined && 'syscall' in error && error.syscall === 'read';
}
