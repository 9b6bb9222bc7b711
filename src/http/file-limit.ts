import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { LoggerService } from '@nestjs/common';
import { RareWarning } from '../access/index.js';
import { type Clock, readFileLimit } from '../kernel/index.js';

/** So many descriptors from the last one on, the log says that there are hardly any left. */
const NEARLY_ALL = 8;

/**
 * Says that the process runs out of file descriptors. Connections that there is none for are accepted and closed at once by
 * libuv, without a word to anybody; what cannot even be accepted is an error of the server, which must not end it.
 */
export function warnOfFileLimit(server: Server, logger: Pick<LoggerService, 'warn'>, clock: Clock): void {
  const warning = new RareWarning(logger, clock);
  const limit = readFileLimit();
  server.on('connection', (socket: Socket) => {
    // A new one gets the lowest number that is free.
    if (limit === undefined || readDescriptor(socket) < limit - NEARLY_ALL) return;
    warning.warn(
      `Nearly all of the ${limit} files and connections that this process may have open are in use; further connections are closed unanswered. Raise the limit: ulimit -n, LimitNOFILE, nofile (docs/deployment.md).`,
    );
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    // Before it listens, whoever started it is told.
    if (server.listening) warning.warn(`Connections cannot be accepted: ${error.code ?? error.message}`);
  });
}

/** Node has no public way to it; -1 where there is none. */
function readDescriptor(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
