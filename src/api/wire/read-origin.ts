import type { Request, Response } from 'express';
import type { Caller } from '../../access/index.js';
import type { AppConfig } from '../../config/index.js';
import type { RunOrigin } from '../../runs/index.js';

/** Facts about a request beside its content. */
interface RequestFacts {
  /** True if the response is a stream. */
  readonly streamed: boolean;
  readonly caller: Caller;
  /** Names the headers in which a trusted gateway names the end user. */
  readonly access: Pick<AppConfig['access'], 'userHeader' | 'sessionHeader' | 'inspect'>;
}

/** The request behind a run. Its user is the one that a trusted gateway names, or else the one that a token names. */
export function readOrigin(request: Request, response: Response, facts: RequestFacts): RunOrigin {
  const { userHeader, sessionHeader } = facts.access;
  const userId = (userHeader && request.get(userHeader)) ?? facts.caller.userId;
  const gatewaySessionId = sessionHeader && request.get(sessionHeader);
  const sessionId = request.get('x-session-id');
  const traceparent = request.get('traceparent');
  return {
    requestId: String(response.getHeader('x-request-id') ?? ''),
    streamed: facts.streamed,
    ...(userId !== undefined && { userId }),
    ...(gatewaySessionId !== undefined && { gatewaySessionId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(traceparent !== undefined && { traceparent }),
    ...(facts.caller.mayInspect(facts.access.inspect) && { inspector: facts.caller.id }),
  };
}
