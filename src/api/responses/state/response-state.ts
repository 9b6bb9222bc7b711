import type { Caller } from '../../../access/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import type { StoredDocument } from '../../../runs/index.js';

/** A stored response, and its input. */
export interface StoredResponse {
  /** The Response object as it is now. */
  readonly response: JsonObject;
  /** The input items of its run, including those of earlier responses. */
  readonly context: readonly JsonObject[];
}

/** An ended response, and the data stored with it. */
export interface FinishedResponse {
  /** The whole Response object. */
  readonly response: JsonObject;
  /** The input items of its run, each with an id. */
  readonly context: readonly JsonObject[];
  readonly owner: Pick<Caller, 'id'>;
  /** See `StoredDocument.attempt`. */
  readonly attempt?: StoredDocument['attempt'];
}

/** Stores responses, and finds earlier ones. A caller finds only its own. */
export abstract class ResponseState {
  /** False: nothing outlives its request here, now or later. */
  abstract readonly isOn: boolean;

  /** False: nothing can be stored at the moment, so nothing can be referred to later. */
  abstract readonly isKept: boolean;

  /** @returns undefined if there is none, or it belongs to another caller */
  abstract find(id: string, owner: Caller): Promise<StoredResponse | undefined>;

  /** Items of the outputs of stored responses, by their ids. Missing ones are left out. */
  abstract findItems(ids: readonly string[], owner: Caller): Promise<ReadonlyMap<string, JsonObject>>;

  /**
   * Stores a response: once this resolves, it can be found, unless its attempt was overtaken.
   * @throws the promise rejects if it cannot be stored
   */
  abstract keep(finished: FinishedResponse): Promise<void>;

  /**
   * Removes a response and its items.
   * @returns false if there is none, or it belongs to another caller
   */
  abstract remove(id: string, owner: Caller): Promise<boolean>;
}
