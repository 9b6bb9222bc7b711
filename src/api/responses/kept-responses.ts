import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '../../access/index.js';
import { formatStackForLog, OverloadedError } from '../../errors/index.js';
import type { DecodedRequest } from './decoded-request.js';
import type { ResponseFold } from './response-fold.js';
import { ResponseState } from './state/response-state.js';

/** Has responses kept that were asked to be, before their clients learn of their end. */
@Injectable()
export class KeptResponses {
  readonly #logger = new Logger('Responses');

  constructor(private readonly state: ResponseState) {}

  /** @returns false if it could not be kept, which the log tells. Never rejects */
  async keep(
    { response }: Pick<ResponseFold, 'response'>,
    { context }: Pick<DecodedRequest, 'context'>,
    owner: Pick<Caller, 'id'>,
  ): Promise<boolean> {
    try {
      await this.state.keep({ response, context, owner });
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
