import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { InvalidRequestError } from '../errors/index.js';
import type { IdSource } from '../kernel/index.js';
import type { AccessLog } from './access-log.middleware.js';
import { makeRequestId } from './openai-headers.middleware.js';
import { makeErrorEnvelope } from './error-envelope.js';
import { SECURITY_HEADERS } from './security-headers.middleware.js';
import { findOpenResponse } from './response-order.middleware.js';
import { isLingering } from './unread-body.js';

const STATUS_BY_CODE: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

const MESSAGE_BY_STATUS: Readonly<Record<number, string>> = {
  400: 'The request is not valid HTTP.',
  408: 'The request took too long to arrive.',
  431: 'The headers of the request are too large.',
};

/** Responds to requests that Node's HTTP parser refuses, which never reach a route, in the same form as to all other errors. */
export function answerMalformedRequests(server: Server, ids: IdSource, log: Pick<AccessLog, 'logMalformed'>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isLingering(socket) || isResponding(socket)) {
      socket.destroy();
      return;
    }
    const status = STATUS_BY_CODE[error.code ?? ''] ?? 400;
    const requestId = makeRequestId(ids);
    const body = JSON.stringify(makeErrorEnvelope(new InvalidRequestError(MESSAGE_BY_STATUS[status] ?? '')));
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        'connection: close',
        'content-type: application/json; charset=utf-8',
        `content-length: ${Buffer.byteLength(body)}`,
        `x-request-id: ${requestId}`,
        ...SECURITY_HEADERS.map(([name, value]) => `${name}: ${value}`),
        '',
        body,
      ].join('\r\n'),
    );
    log.logMalformed(status, requestId);
  });
}

/** True if bytes written now would become part of another response, or be taken for the response to an earlier request. */
function isResponding(socket: Socket): boolean {
  const response = findOpenResponse(socket);
  // If that request is still arriving, it is the malformed one.
  return response !== undefined && (response.headersSent || response.req.complete);
}
