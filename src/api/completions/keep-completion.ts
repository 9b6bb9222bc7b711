import type { Response } from 'express';
import type { KeptResponse } from '../wire/index.js';
import type { ChatCompletion } from './dto/index.js';

/** A completion as it can be given again. */
export function keepCompletion(completion: ChatCompletion, response: Response): KeptResponse {
  const traceId = response.getHeader('x-trace-id');
  return { status: 200, body: JSON.stringify(completion), ...(typeof traceId === 'string' && { traceId }) };
}

/** Gives an answer, for the first time or again; `idempotent-replayed: true` says that it was given before. */
export function repeatResponse({ status, body, traceId }: KeptResponse, isReplayed: boolean, response: Response): void {
  if (isReplayed) response.setHeader('idempotent-replayed', 'true');
  if (traceId !== undefined) response.setHeader('x-trace-id', traceId);
  response.status(status).setHeader('content-type', 'application/json; charset=utf-8').send(body);
}
