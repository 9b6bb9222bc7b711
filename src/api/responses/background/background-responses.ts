import { Injectable } from '@nestjs/common';
import { Admission, type Caller } from '../../../access/index.js';
import { InvalidRequestError } from '../../../errors/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import {
  type LoggedEvent,
  type LoggedRun,
  LoggedRuns,
  type QueuedPermit,
  type RunDoor,
  type RunToLog,
  type StartedRun,
} from '../../../runs/index.js';
import type { TakenRequest } from '../../wire/index.js';
import type { DecodedRequest } from '../decoded-request.js';
import { KeptResponses } from '../kept-responses.js';
import type { ResponseObject } from '../response-object.js';
import { BackgroundLog, RESPONSES_DOOR } from './background-log.js';
import { makeBackgroundFold, writeBackgroundHead } from './background-head.js';

/** Responses that are made in the background: begun by one request, read and cancelled by others. */
@Injectable()
export class BackgroundResponses implements RunDoor {
  readonly name = RESPONSES_DOOR;

  constructor(
    private readonly runs: LoggedRuns,
    private readonly log: BackgroundLog,
    private readonly kept: KeptResponses,
    private readonly admission: Admission,
  ) {
    runs.addDoor(this);
  }

  /**
   * Begins a response. When this resolves it is kept, and goes on whatever becomes of its client.
   * @param identity by which it is not begun again
   * @returns its run
   * @throws RateLimitedError, OverloadedError if it cannot be begun; IdempotencyKeyReusedError
   */
  async create(
    asked: DecodedRequest,
    { caller, permit }: Pick<TakenRequest, 'caller' | 'permit'>,
    identity: RunToLog['identity'],
  ): Promise<StartedRun> {
    const { workflow, request, context, origin, nodeEvents } = asked;
    const { id: segment, metadata } = asked.head;
    const head = writeBackgroundHead(asked);
    const detached = permit.detach();
    const started = await this.runs.start({
      door: this.name,
      segment,
      owner: caller.id,
      workflow,
      request,
      head,
      memo: context,
      metadata,
      origin,
      wantsContent: nodeEvents,
      permit: detached,
      ...(identity !== undefined && { identity }),
    });
    if (started.isRepeated) detached.cancel();
    return started;
  }

  /** A response as it was begun, or as its log tells it now if that was before. */
  async read({ run, isRepeated }: StartedRun): Promise<ResponseObject> {
    return (isRepeated ? await this.log.fold(run) : makeBackgroundFold(run.head)).response;
  }

  /**
   * Ends a response before its end, and waits for that.
   * @returns the response, which is cancelled; undefined if none of this id was made in the background for this caller
   * @throws InvalidRequestError if it has ended otherwise
   */
  async cancel(id: string, caller: Caller): Promise<ResponseObject | undefined> {
    const found = await this.log.findRun(id, caller);
    const run = found && (await this.runs.cancel(found.id, caller.id));
    if (run === undefined) return undefined;
    const { response } = await this.log.fold(run);
    if (response.status === 'cancelled') return response;
    throw new InvalidRequestError(`Cannot cancel ${ARTICLES.get(response.status) ?? 'a'} ${response.status} response.`);
  }

  /** @returns undefined if none of this id was made in the background for this caller */
  find(id: string, caller: Caller): Promise<LoggedRun | undefined> {
    return this.log.findRun(id, caller);
  }

  readmit(kept: JsonObject): QueuedPermit {
    return this.admission.readmit(kept);
  }

  /** Whoever has read the last event can refer to the response. */
  async keepEnd(run: LoggedRun, last: LoggedEvent): Promise<void> {
    const fold = await this.log.fold(run);
    fold.next(last, last.at);
    await this.kept.keep(fold, { context: await this.log.findContext(run) }, { id: run.owner });
  }
}

const ARTICLES: ReadonlyMap<string, string> = new Map([['incomplete', 'an']]);
