import type { Socket } from 'node:net';
import { buildConnector } from './undici.js';

/**
 * Makes connections that deliver all received bytes before they report a reset. Node's sockets drop their buffer at a reset:
 * up to a few hundred kilobytes if the reader is slow. Here a reset ends the readable side, as if the peer had closed too
 * early, which undici reports as a failure.
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
