import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '../../access/index.js';
import { formatStackForLog, OverloadedError } from '../../errors/index.js';
import type { DecodedRequest } from './decoded-request.js';
import type { ResponseEncoder } from './responses.encoder.js';
import { type FinishedResponse, ResponseState } from './state/response-state.js';

/** Has responses kept that were asked to be, before their clients learn of their end. */
@Injectable()
export class KeptResponses {
  readonly #logger = new Logger('Responses');

  constructor(private readonly state: ResponseState) {}

  /**
   * @param attempt the attempt whose end this is; absent: the run is not logged
   * @returns false if it could not be kept, which the log tells. Never rejects
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
      // Of a store that is away the store itself has told, once.
      if (error instanceof OverloadedError) return false;
      this.#logger.error(
        `The response ${response.id} could not be kept: nobody can refer to it`,
        formatStackForLog(error),
      );
      return false;
    }
  }
}
