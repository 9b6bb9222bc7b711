import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { LoggerService } from '@nestjs/common';
import { RareWarning } from '../access/index.js';
import { type Clock, readFileLimit } from '../kernel/index.js';

/** When fewer descriptors than this are left, the log says so. */
const NEARLY_ALL = 8;

/**
 * Warns when the process runs out of file descriptors. libuv accepts a connection for which there is none and closes it at
 * once, without telling anybody. If a connection cannot even be accepted, the server emits an error, which must not end it.
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
    // Before the server listens, whoever started it is told.
    if (server.listening) warning.warn(`Connections cannot be accepted: ${error.code ?? error.message}`);
  });
}

/** Node has no public way to the descriptor; -1 where there is none. */
function readDescriptor(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
