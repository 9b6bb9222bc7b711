import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { findRecord } from '../../http/index.js';
import { readIdempotencyKey } from './idempotency/idempotency-key.js';
import { IdempotentResponses } from './idempotency/idempotent-responses.service.js';
import type { KeptResponse } from './idempotency/kept-response.js';
import type { TakenRequest } from './request-intake.service.js';

/**
 * Sends responses that are one JSON object. A request that is repeated with its `Idempotency-Key` gets the response it
 * got before.
 */
@Injectable()
export class WholeResponses {
  constructor(private readonly idempotency: IdempotentResponses) {}

  /**
   * Sends the response to a request, or repeats it.
   * @param collect makes the body, as JSON
   * @throws what `collect` throws, InvalidRequestError for a malformed key, and IdempotencyKeyReusedError for one that
   *   came with another body before
   */
  async send(request: Request, response: Response, taken: TakenRequest, collect: () => Promise<string>): Promise<void> {
    const key = readIdempotencyKey(request.get('idempotency-key'));
    if (key === undefined) sendJson(response, 200, await collect());
    else await this.#respondOnce(key, taken, response, collect);
  }

  async #respondOnce(key: string, taken: TakenRequest, response: Response, collect: () => Promise<string>) {
    const record = findRecord(response);
    const readFailedNode = (): string | undefined => record.failure?.node;
    const { response: kept, isReplayed } = await this.idempotency.respond({ ...taken, key, readFailedNode }, async () =>
      makeKeptResponse(await collect(), response),
    );
    if (isReplayed) {
      taken.admission.cancel();
      record.setReplayedFailure(kept.failure);
    }
    sendKept(kept, isReplayed, response);
  }
}

/** Makes the stored response, which can be sent again. */
function makeKeptResponse(body: string, response: Response): KeptResponse {
  const traceId = response.getHeader('x-trace-id');
  return { status: 200, body, ...(typeof traceId === 'string' && { traceId }) };
}

/** Sends a response, for the first time or again; `idempotent-replayed: true` marks a repeated one. */
function sendKept({ status, body, traceId }: KeptResponse, isReplayed: boolean, response: Response): void {
  if (isReplayed) response.setHeader('idempotent-replayed', 'true');
  if (traceId !== undefined) response.setHeader('x-trace-id', traceId);
  sendJson(response, status, body);
}

function sendJson(response: Response, status: number, body: string): void {
  response.status(status).setHeader('content-type', 'application/json; charset=utf-8').send(body);
}
