import { Injectable } from '@nestjs/common';
import { Admission, type Caller } from '../../../access/index.js';
import type { RunWaiting } from '../../../engine/index.js';
import { InvalidRequestError, OverloadedError, RetoldError } from '../../../errors/index.js';
import type { AbortNotice, JsonObject } from '../../../kernel/index.js';
import {
  type LoggedEvent,
  type LoggedRun,
  LoggedRuns,
  type QueuedPermit,
  type RunDoor,
  type RunRecord,
  type RunToLog,
  RunWaits,
} from '../../../runs/index.js';
import {
  findFirstEvent,
  findSegment,
  makeAnsweredElsewhereError,
  makeLeftError,
  readLog,
  type TakenRequest,
  type ToldSegment,
  WaitAnswers,
} from '../../wire/index.js';
import type { DecodedRequest, ResponseHead } from '../decoded-request.js';
import { KeptResponses } from '../kept-responses.js';
import { renameParameter } from '../response-error.js';
import type { ResponseObject } from '../response-object.js';
import { ResponseState } from '../state/response-state.js';
import { readLoggedHead, writeLoggedHead } from './logged-head.js';
import { ID_PREFIX, isOneOfSeveral, ResponseLog } from './response-log.js';
import { ResponseLogFold } from './response-log-fold.js';

/** A response that a request has begun, or an earlier one like it. */
export interface StartedResponse {
  readonly segment: ToldSegment;
  readonly isRepeated: boolean;
}

/** What an answer gets: the response that goes on, or the calls that are open still. */
export type AnsweredResponse =
  | StartedResponse
  | {
      readonly run: LoggedRun;
      readonly isRepeated: boolean;
      readonly head: ResponseHead;
      readonly open: RunWaiting;
      /** In milliseconds since the Unix epoch. */
      readonly answeredAt: number;
    };

/** How a response is waited for. */
interface Collecting {
  /** Told of the run's trace, if it has one, and of the step that it failed in. */
  readonly onTraceId: (id: string) => void;
  readonly onFailedNode: (node: string, code: string) => void;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** True if the same request finds the same response. */
  readonly isRepeatable: boolean;
}

/**
 * Responses whose runs are logged: those in the background, and those of workflows that wait for answers. They are begun by one request,
 * and read and cancelled by others.
 */
@Injectable()
export class LoggedResponses implements RunDoor {
  readonly name = 'responses';

  constructor(
    private readonly runs: LoggedRuns,
    private readonly log: ResponseLog,
    private readonly state: ResponseState,
    private readonly kept: KeptResponses,
    private readonly admission: Admission,
    private readonly answers: WaitAnswers,
    private readonly waits: RunWaits,
  ) {
    runs.addDoor(this);
  }

  /**
   * Begins a response. When this resolves it is kept, and goes on whatever becomes of its client.
   * @param identity by which it is not begun again
   * @param record told how the run went, if the request waits for it
   * @throws RateLimitedError, OverloadedError if it cannot be begun; IdempotencyKeyReusedError
   */
  async create(
    asked: DecodedRequest,
    { caller, permit }: Pick<TakenRequest, 'caller' | 'permit'>,
    identity: RunToLog['identity'],
    record?: RunRecord,
  ): Promise<StartedResponse> {
    const { workflow, request, context, origin, nodeEvents } = asked;
    const { id, metadata } = asked.head;
    const head = writeLoggedHead(asked);
    const detached = permit.detach();
    const { run, isRepeated } = await this.runs.start({
      door: this.name,
      segment: id,
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
      ...(record !== undefined && { record }),
    });
    if (isRepeated) detached.cancel();
    const segment = findSegment(run, run.segments[0]?.id ?? '');
    if (segment === undefined) throw new Error(`The run ${run.id} has no response`);
    return { segment, isRepeated };
  }

  /**
   * Answers what a run waits for. When this resolves the answer is kept. The run has a permit of its own.
   * @param record told how the run goes on, if the request waits for that
   * @throws what {@link WaitAnswers.answer} throws; ConflictError if the same was answered by another protocol
   */
  async answer(
    asked: DecodedRequest,
    outputs: NonNullable<DecodedRequest['outputs']>,
    { caller, permit }: Pick<TakenRequest, 'caller' | 'permit'>,
    record?: RunRecord,
  ): Promise<AnsweredResponse> {
    const { workflow, head, context } = asked;
    const { id: owner } = caller;
    const segment = { id: head.id, head: writeLoggedHead(asked, context) };
    const detached = permit.detach();
    const answered = await this.answers.answer({ outputs, owner, workflow, param: 'input', segment, record });
    const { run, isRepeated, open } = answered;
    if (isRepeated) detached.cancel();
    else detached.end();
    const id = answered.segment;
    if (id === undefined || !id.startsWith(ID_PREFIX)) throw makeAnsweredElsewhereError(run);
    const found = findSegment(run, id);
    if (found !== undefined) return { segment: found, isRepeated };
    const waits = await this.waits.list(run);
    const answeredAt = waits.find(({ answer }) => answer?.segment === id)?.answer?.at ?? 0;
    return {
      run,
      isRepeated,
      // The same whenever the same is answered.
      head: { ...head, id, created_at: Math.floor(answeredAt / 1_000) },
      open: { type: 'run-waiting', seq: 0, waits: open, contentLength: 0 },
      answeredAt,
    };
  }

  /** A response as it is now. */
  async read(segment: ToldSegment): Promise<ResponseObject> {
    return (await this.log.fold(segment)).response;
  }

  /**
   * Waits for the end of a response, as one of the readers of its run.
   * @throws RetoldError if the run fails: clients take a Response that failed for one that did not (measured); RunAbortedError if it is
   *   removed, or the client leaves; RunLeftError if it goes on later, or in another process; OverloadedError if the store is away
   */
  async collect(segment: ToldSegment, collecting: Collecting): Promise<ResponseObject> {
    const { signal, isRepeatable, onTraceId, onFailedNode } = collecting;
    const { from, head, id, run } = segment;
    const first = findFirstEvent(segment);
    const left = { advice: adviseToRead(id, readLoggedHead(head).head), isRepeatable };
    const fold = new ResponseLogFold(segment);
    let number = first;
    try {
      for await (const events of readLog(this.runs, { id: run.id, from: first, signal, left })) {
        for (const event of events) {
          if (event.type === 'run-started' && event.traceId !== undefined) onTraceId(event.traceId);
          if (event.type === 'run-failed' && number >= from) {
            const { error, outcome, node } = event;
            if (node !== undefined) onFailedNode(node, error.code ?? error.type);
            throw new RetoldError({ ...error, param: renameParameter(error.param) }, outcome);
          }
          fold.next(event, number++);
          if (fold.hasEnded) return fold.response;
        }
      }
      return fold.response;
    } catch (error) {
      // The client is not to begin another run.
      throw error instanceof OverloadedError && !isRepeatable ? makeLeftError(this.runs, left) : error;
    }
  }

  /**
   * Ends a response before its end, and waits for that.
   * @returns the response, which is cancelled; undefined if none of this id was made in the background for this caller
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

  /** @returns undefined if none of this id was made in the background for this caller, or it was removed */
  async find(id: string, caller: Caller): Promise<ToldSegment | undefined> {
    const segment = await this.log.findInBackground(id, caller);
    if (segment === undefined || !isOneOfSeveral(segment)) return segment;
    return (await this.state.find(id, caller)) && segment;
  }

  readmit(kept: JsonObject): QueuedPermit {
    return this.admission.readmit(kept);
  }

  /** Whoever has read the last event can refer to the response. */
  async keepEnd(run: LoggedRun, last: LoggedEvent): Promise<void> {
    const segment = findSegment(run, run.segments.at(-1)?.id ?? '');
    if (segment?.id.startsWith(ID_PREFIX) !== true) return;
    const fold = await this.log.fold(segment);
    // It has ended before, and its run has gone on without an answer.
    if (fold.hasEnded) return;
    fold.next(last, run.length);
    const { background, store, status } = fold.response;
    if (!store || (!background && (status === 'failed' || status === 'cancelled'))) return;
    await this.kept.keep(fold, { context: await this.log.findContext(segment) }, { id: run.owner });
  }
}

const ARTICLES: ReadonlyMap<string, string> = new Map([['incomplete', 'an']]);

/** How a client finds a response whose run this process has left: a sentence. */
function adviseToRead(id: string, { store }: Pick<ResponseHead, 'store'>): string {
  return store
    ? `Its response can be read when it has ended: GET /v1/responses/${id}.`
    : 'Its response is not stored (`store: false`): the events of its run tell what comes of it.';
}
