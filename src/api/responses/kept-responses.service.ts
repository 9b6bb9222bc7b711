import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '../../access/index.js';
import { formatStackForLog, OverloadedError } from '../../errors/index.js';
import type { DecodedRequest } from './decoded-request.js';
import type { ResponseEncoder } from './responses.encoder.js';
import { type FinishedResponse, ResponseState } from './state/response-state.js';

/** Stores responses that are to be stored before their clients see their end. */
@Injectable()
export class KeptResponses {
  readonly #logger = new Logger('Responses');

  constructor(private readonly state: ResponseState) {}

  /**
   * @param attempt the attempt whose end this is; absent: the run is not logged
   * @returns false if it could not be stored, which is logged. Never rejects
   */
  async keep(
    { response }: Pick<ResponseEncoder, 'response'>,
    { context }: Pick<DecodedRequest, 'context'>,
    owner: Pick<Caller, 'id'>,
    attempt?: FinishedResponse['attempt'],
  ): Promise<boolean> {
    try {
      await this.state.keep({ response, context, owner, ...(attempt !== undefined && { attempt }) });
      return true;
    } catch (error) {
      // An unavailable store has logged that itself, once.
      if (error instanceof OverloadedError) return false;
      this.#logger.error(
        `The response ${response.id} could not be stored: no request can refer to it`,
        formatStackForLog(error),
      );
      return false;
    }
  }
}
