import { Injectable } from '@nestjs/common';
import { Admissions, type Caller } from '../../../access/index.js';
import { InvalidRequestError } from '../../../errors/index.js';
import { IdSource, type JsonObject } from '../../../kernel/index.js';
import {
  type LoggedEvent,
  type LoggedRun,
  type NextSegment,
  LoggedRuns,
  type QueuedAdmission,
  type RunDoor,
  type RequestWatch,
  type RunToLog,
} from '../../../runs/index.js';
import {
  type Asker,
  collectSegment,
  findSegment,
  passFacts,
  type ReadingWatch,
  type SegmentCollector,
  type StillWaiting,
  type StartedSegment,
  type ClientSegment,
  ClientSegments,
  type WaitingClient,
} from '../../wire/index.js';
import type { DecodedRequest, ResponseHead } from '../decoded-request.js';
import { makeContextItem } from '../items/input-context.js';
import { KeptResponses } from '../kept-responses.service.js';
import { renameParameter } from '../response-error.js';
import type { ResponseObject } from '../response-object.js';
import { ResponseState } from '../state/response-state.js';
import { type LoggedHead, readLoggedHead, writeLoggedHead } from './logged-head.js';
import { ID_PREFIX, isOneOfSeveral, ResponseLog } from './response-log.service.js';
import { ResponseLogFold } from './response-log-fold.js';

/**
 * Responses of logged runs: background responses, and those of workflows that wait for answers. One request begins a
 * response, others read or cancel it.
 */
@Injectable()
export class LoggedResponses implements RunDoor {
  readonly name = 'responses';
  readonly segmentPrefix = ID_PREFIX;

  constructor(
    private readonly runs: LoggedRuns,
    private readonly log: ResponseLog,
    private readonly state: ResponseState,
    private readonly kept: KeptResponses,
    private readonly admissions: Admissions,
    private readonly segments: ClientSegments,
    private readonly ids: IdSource,
  ) {
    runs.addDoor(this);
  }

  /**
   * Begins a response. When this resolves, it is stored, and continues without its client.
   * @param identity identifies repeated requests
   * @param watch notified of the run, if the request waits for it
   * @throws RateLimitedError, OverloadedError if it cannot be begun; IdempotencyKeyReusedError
   */
  async start(
    decoded: DecodedRequest,
    asker: Asker,
    identity: RunToLog['identity'],
    watch: RequestWatch | undefined,
  ): Promise<StartedSegment> {
    const { workflow, request, context, origin, nodeEvents } = decoded;
    const { id, metadata } = decoded.head;
    const run = {
      door: this.name,
      segment: id,
      workflow,
      request,
      head: writeLoggedHead(decoded),
      memo: context,
      metadata,
      origin,
      wantsContent: nodeEvents,
      identity,
      watch,
    };
    return this.segments.start(run, asker);
  }

  /**
   * Answers the waits of a run. When this resolves, the answer is stored.
   * @param watch notified of the run, if the request waits for that
   * @throws as {@link ClientSegments.answer}
   */
  async answer(
    decoded: DecodedRequest,
    outputs: NonNullable<DecodedRequest['outputs']>,
    asker: Asker,
    watch?: RequestWatch,
  ): Promise<StartedSegment | StillWaiting> {
    const { workflow, head, context } = decoded;
    const segment = { id: head.id, head: writeLoggedHead(decoded, context) };
    return this.segments.answer({ outputs, workflow, param: 'input', segment, watch }, ID_PREFIX, asker);
  }

  /** A response as it is now. */
  async read(segment: ClientSegment): Promise<ResponseObject> {
    return (await this.log.fold(segment)).response;
  }

  /**
   * Waits for the end of a response, as one of the readers of its run.
   * @throws ReplayedError if the run fails: clients take a failed Response for a successful one (measured);
   * RunAbortedError if it is removed, or the client leaves; RunLeftError if it continues later or in another process;
   * OverloadedError if the store is unavailable
   */
  async collect(segment: ClientSegment, waiting: WaitingClient): Promise<ResponseObject> {
    const collection = new Collection(segment, waiting);
    const { head } = readLoggedHead(segment.head);
    await collectSegment(this.runs, segment, collection, { ...waiting, advice: adviseToRead(segment.id, head) });
    return collection.response;
  }

  /**
   * Cancels a response, and waits for its end.
   * @returns the cancelled response; undefined if this caller has no background response with this id
   * @throws InvalidRequestError if it has ended otherwise
   */
  async cancel(id: string, caller: Caller): Promise<ResponseObject | undefined> {
    const found = await this.find(id, caller);
    if (found === undefined) return undefined;
    let response = await this.read(found);
    if (response.status === 'queued' || response.status === 'in_progress') {
      if ((await this.runs.cancel(found.run.id, caller.id)) === undefined) return undefined;
      response = await this.read(found);
    }
    if (response.status === 'cancelled') return response;
    throw new InvalidRequestError(`Cannot cancel ${ARTICLES.get(response.status) ?? 'a'} ${response.status} response.`);
  }

  /** @returns undefined if this caller has no background response with this id, or it was removed */
  async find(id: string, caller: Caller): Promise<ClientSegment | undefined> {
    const segment = await this.log.findInBackground(id, caller);
    if (segment === undefined || !isOneOfSeveral(segment)) return segment;
    return (await this.state.find(id, caller)) && segment;
  }

  /** Makes the items as if a request that continues the previous response had given the outcome. */
  async continueHead(run: LoggedRun, { id, before, at, outcomes }: NextSegment): Promise<string> {
    const segment = findSegment(run, before);
    if (segment === undefined) throw new Error(`The run ${run.id} has no response ${before}`);
    const { head, ...rest } = readLoggedHead(segment.head);
    const { output } = await this.read(segment);
    const given = outcomes.map(({ callId: call_id, answer: { value, isExpired } }) =>
      makeContextItem(
        {
          type: 'function_call_output',
          call_id,
          output: isExpired === true ? UNANSWERED : JSON.stringify(value),
        },
        this.ids,
      ),
    );
    const context = head.store
      ? [...(await this.log.findContext(segment)), ...(output as readonly JsonObject[]), ...given]
      : [];
    const next = { ...head, id, created_at: Math.floor(at / 1_000), previous_response_id: before };
    return JSON.stringify({ ...rest, head: next, context } satisfies LoggedHead);
  }

  readmit(kept: JsonObject): QueuedAdmission {
    return this.admissions.readmit(kept);
  }

  /** A client that has read the last event may refer to the response. */
  async keepEnd(run: LoggedRun, last: LoggedEvent): Promise<void> {
    const segment = findSegment(run, run.segments.at(-1)?.id ?? '');
    if (segment?.id.startsWith(ID_PREFIX) !== true) return;
    const fold = await this.log.fold(segment);
    // It has ended before, and its run has continued without an answer.
    if (fold.hasEnded) return;
    fold.next(last, run.length);
    const { background, store, status } = fold.response;
    if (!store || (!background && (status === 'failed' || status === 'cancelled'))) return;
    const { id, epoch, owner } = run;
    await this.kept.keep(fold, { context: await this.log.findContext(segment) }, { id: owner }, { id, epoch });
  }
}

/** A response whose client gets an HTTP error if its run fails. */
class Collection implements SegmentCollector {
  readonly #fold: ResponseLogFold;
  readonly #from: number;
  readonly #watch: ReadingWatch;

  constructor(segment: ClientSegment, watch: ReadingWatch) {
    this.#fold = new ResponseLogFold(segment);
    this.#from = segment.from;
    this.#watch = watch;
  }

  get hasEnded(): boolean {
    return this.#fold.hasEnded;
  }

  /** The Response as it is now. */
  get response(): ResponseObject {
    return this.#fold.response;
  }

  /** @throws ReplayedError if the run has failed */
  next(event: LoggedEvent, number: number): void {
    if (number >= this.#from) passFacts(renameFailedParameter(event), this.#watch);
    this.#fold.next(event, number);
  }
}

/** A failure under the names of this door's parameters; any other event as it is. */
function renameFailedParameter(event: LoggedEvent): LoggedEvent {
  if (event.type !== 'run-failed') return event;
  return { ...event, error: { ...event.error, param: renameParameter(event.error.param) } };
}

/** The text for models in a conversation that continues after an expired wait. */
const UNANSWERED = 'Nobody answered in time.';

const ARTICLES: ReadonlyMap<string, string> = new Map([['incomplete', 'an']]);

/** The sentence that shows a client where to find a response whose run this process has left. */
function adviseToRead(id: string, { store }: Pick<ResponseHead, 'store'>): string {
  return store
    ? `Its response can be read when it has ended: GET /v1/responses/${id}.`
    : 'Its response is not stored (`store: false`): the events of its run show the result.';
}
