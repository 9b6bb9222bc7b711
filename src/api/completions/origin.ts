import type { Request, Response } from 'express';
import type { Caller } from '../../access/index.js';
import type { AccessConfig } from '../../config/index.js';
import type { RunOrigin } from '../../runs/index.js';

/**
 * What is known of the request behind a run, beside its body. The user is the one that a trusted gateway names, or else the
 * one that a token names.
 */
export function originOf(
  request: Request,
  response: Response,
  streamed: boolean,
  caller: Caller,
  { userHeader, sessionHeader }: Pick<AccessConfig, 'userHeader' | 'sessionHeader'>,
): RunOrigin {
  const userId = (userHeader && request.get(userHeader)) ?? caller.userId;
  const gatewaySessionId = sessionHeader && request.get(sessionHeader);
  const sessionId = request.get('x-session-id');
  const traceparent = request.get('traceparent');
  return {
    requestId: String(response.getHeader('x-request-id') ?? ''),
    streamed,
    ...(userId !== undefined && { userId }),
    ...(gatewaySessionId !== undefined && { gatewaySessionId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(traceparent !== undefined && { traceparent }),
  };
}
