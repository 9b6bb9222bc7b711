import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { LoggerService } from '@nestjs/common';
import { RareWarning } from '../access/index.js';
import { type Clock, readFileLimit } from '../kernel/index.js';

/** The log warns when fewer descriptors than this are left. */
const NEARLY_ALL = 8;

/**
 * Warns when the process runs out of file descriptors. libuv then accepts a connection and closes it at once, without a word. If a
 * connection cannot even be accepted, the server emits an error, which must not end the process.
 */
export function warnOfFileLimit(server: Server, logger: Pick<LoggerService, 'warn'>, clock: Clock): void {
  const warning = new RareWarning(logger, clock);
  const limit = readFileLimit();
  server.on('connection', (socket: Socket) => {
    // A new descriptor gets the lowest free number.
    if (limit === undefined || readDescriptor(socket) < limit - NEARLY_ALL) return;
    warning.warn(
      `Nearly all of the ${limit} files and connections that this process may have open are in use; further connections are closed unanswered. Raise the limit: ulimit -n, LimitNOFILE, nofile (docs/deployment.md).`,
    );
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    // An error before the server listens goes to the code that started it.
    if (server.listening) warning.warn(`Connections cannot be accepted: ${error.code ?? error.message}`);
  });
}

/** Reads the descriptor, for which Node has no public way; -1 if there is none. */
function readDescriptor(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
