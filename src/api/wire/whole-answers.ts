import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { findRecord } from '../../http/index.js';
import { readIdempotencyKey } from './idempotency/idempotency-key.js';
import { IdempotentResponses } from './idempotency/idempotent-responses.js';
import type { KeptResponse } from './idempotency/kept-response.js';
import type { TakenRequest } from './request-intake.js';

/** Gives answers that are one JSON object; a request that is repeated with its `Idempotency-Key` gets the one it got before. */
@Injectable()
export class WholeAnswers {
  constructor(private readonly answers: IdempotentResponses) {}

  /**
   * @param collect makes the answer, as JSON
   * @throws what `collect` throws, and InvalidRequestError for a key that is none or came with another body before
   */
  async send(request: Request, response: Response, taken: TakenRequest, collect: () => Promise<string>): Promise<void> {
    const key = readIdempotencyKey(request.get('idempotency-key'));
    if (key === undefined) sendJson(response, 200, await collect());
    else await this.#answerOnce(key, taken, response, collect);
  }

  async #answerOnce(key: string, taken: TakenRequest, response: Response, collect: () => Promise<string>) {
    const record = findRecord(response);
    const failedNode = (): string | undefined => record.failure?.node;
    const { answer, isReplayed } = await this.answers.respond({ ...taken, key, failedNode }, async () =>
      keepAnswer(await collect(), response),
    );
    if (isReplayed) {
      taken.permit.cancel();
      record.repeats(answer.failure);
    }
    repeatAnswer(answer, isReplayed, response);
  }
}

/** An answer as it can be given again. */
function keepAnswer(body: string, response: Response): KeptResponse {
  const traceId = response.getHeader('x-trace-id');
  return { status: 200, body, ...(typeof traceId === 'string' && { traceId }) };
}

/** Gives an answer, for the first time or again; `idempotent-replayed: true` says that it was given before. */
function repeatAnswer({ status, body, traceId }: KeptResponse, isReplayed: boolean, response: Response): void {
  if (isReplayed) response.setHeader('idempotent-replayed', 'true');
  if (traceId !== undefined) response.setHeader('x-trace-id', traceId);
  sendJson(response, status, body);
}

function sendJson(response: Response, status: number, body: string): void {
  response.status(status).setHeader('content-type', 'application/json; charset=utf-8').send(body);
}
