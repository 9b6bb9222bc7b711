import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import { InvalidRequestError } from '../../../errors/index.js';
import { type LoggedEvent, type LoggedRun, LoggedRuns } from '../../../runs/index.js';
import type { TakenRequest } from '../../wire/index.js';
import type { DecodedRequest } from '../decoded-request.js';
import { KeptResponses } from '../kept-responses.js';
import type { ResponseObject } from '../response-object.js';
import { BackgroundLog } from './background-log.js';
import { makeBackgroundFold, writeBackgroundHead } from './background-head.js';

/** Responses that are made in the background: begun by one request, read and cancelled by others. */
@Injectable()
export class BackgroundResponses {
  constructor(
    private readonly runs: LoggedRuns,
    private readonly log: BackgroundLog,
    private readonly kept: KeptResponses,
  ) {}

  /**
   * Begins a response. When this resolves it is kept, and goes on whatever becomes of its client.
   * @returns the response as it is then, and its run
   * @throws RateLimitedError, OverloadedError if it cannot be begun
   */
  async create(
    asked: DecodedRequest,
    { caller, permit }: Pick<TakenRequest, 'caller' | 'permit'>,
  ): Promise<{ readonly response: ResponseObject; readonly run: Pick<LoggedRun, 'id' | 'head' | 'status'> }> {
    const { workflow, request, context, origin, nodeEvents } = asked;
    const { id } = asked.head;
    const head = writeBackgroundHead(asked);
    await this.runs.start({
      id,
      owner: caller.id,
      workflow,
      request,
      head,
      memo: context,
      origin,
      wantsContent: nodeEvents,
      permit: permit.detach(),
      keepEnd: (last) => this.#keepEnd(id, caller, last),
    });
    return { response: makeBackgroundFold(head).response, run: { id, head, status: 'queued' } };
  }

  /**
   * Ends a response before its end, and waits for that.
   * @returns the response, which is cancelled; undefined if none of this id was made in the background for this caller
   * @throws InvalidRequestError if it has ended otherwise
   */
  async cancel(id: string, caller: Caller): Promise<ResponseObject | undefined> {
    const run = await this.runs.cancel(id, caller.id);
    if (run === undefined) return undefined;
    const { response } = await this.log.fold(run);
    if (response.status === 'cancelled') return response;
    throw new InvalidRequestError(`Cannot cancel ${ARTICLES.get(response.status) ?? 'a'} ${response.status} response.`);
  }

  /** @returns undefined if none of this id was made in the background for this caller */
  find(id: string, caller: Caller): Promise<LoggedRun | undefined> {
    return this.runs.find(id, caller.id);
  }

  /** Whoever has read the last event can refer to the response. */
  async #keepEnd(id: string, caller: Caller, last: LoggedEvent): Promise<void> {
    const run = await this.runs.find(id, caller.id);
    if (run === undefined) return;
    const fold = await this.log.fold(run);
    fold.next(last, last.at);
    await this.kept.keep(fold, { context: await this.log.findContext(id) }, caller);
  }
}

const ARTICLES: ReadonlyMap<string, string> = new Map([['incomplete', 'an']]);
