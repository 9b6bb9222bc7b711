import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/index.js';
import { RunAbortedError } from '../../errors/index.js';
import { type Cancellation, isJsonObject } from '../../kernel/index.js';

/** The scope in which request ids are unique: the id that this server gave the client, if any. */
interface CallingClient {
  readonly caller: Pick<Caller, 'id'>;
  readonly session: string | undefined;
}

/**
 * Calls that are open in this process, so that a client can cancel one by another request. Older clients do that; newer ones close the
 * connection. Each client counts its request ids anew, so the id given to a client with `initialize` distinguishes
 * them. That id is not stored.
 */
@Injectable()
export class OpenCalls {
  readonly #open = new Map<string, Cancellation>();

  /** @returns to be called when the call is over */
  add(client: CallingClient, id: unknown, exchange: Cancellation): () => void {
    const key = writeCallKey(client, id);
    if (key === undefined) return () => undefined;
    this.#open.set(key, exchange);
    return () => {
      if (this.#open.get(key) === exchange) this.#open.delete(key);
    };
  }

  /** Cancels the call that a notification names, if it is open here. */
  cancel(client: CallingClient, notification: unknown): void {
    if (!isJsonObject(notification) || notification['method'] !== 'notifications/cancelled') return;
    const { params } = notification;
    const key = isJsonObject(params) ? writeCallKey(client, params['requestId']) : undefined;
    if (key !== undefined) this.#open.get(key)?.abort(new RunAbortedError('cancelled'));
  }
}

function writeCallKey({ caller, session }: CallingClient, id: unknown): string | undefined {
  if (session === undefined || (typeof id !== 'string' && typeof id !== 'number')) return undefined;
  return JSON.stringify([caller.id, session, id]);
}
