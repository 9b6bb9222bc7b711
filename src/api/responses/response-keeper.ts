import type { Caller } from '../../access/index.js';
import type { JsonObject } from '../../kernel/index.js';
import type { ResponseObject } from './response-object.js';

/** A response that has ended, with what belongs to it. */
export interface FinishedResponse {
  readonly response: ResponseObject;
  /** The items that it answers, each with an id. */
  readonly context: readonly JsonObject[];
  readonly owner: Caller;
}

/** Keeps responses that have ended, for those who refer to them later. */
export abstract class ResponseKeeper {
  /** Resolves when it can be found. Rejects if it cannot be kept. */
  abstract keep(finished: FinishedResponse): Promise<void>;
}
