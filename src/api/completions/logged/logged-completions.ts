import { Injectable } from '@nestjs/common';
import { Admission, type Caller } from '../../../access/index.js';
import type { RunWaiting } from '../../../engine/index.js';
import { OverloadedError, RetoldError } from '../../../errors/index.js';
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
  type RunLeft,
  SegmentEvents,
  type TakenRequest,
  type ToldSegment,
  WaitAnswers,
} from '../../wire/index.js';
import { CompletionCollector } from '../completions.collector.js';
import type { CompletionHead, DecodedRequest } from '../completions.decoder.js';
import type { ChatCompletion } from '../dto/index.js';
import { readLoggedHead, writeLoggedHead } from './logged-head.js';
import { Voids } from './voids.js';

/** What clients call the completions of this door. */
const ID_PREFIX = 'chatcmpl-';

/** How a completion is collected. */
interface Collecting {
  /** Told of the run's trace, if it has one, and of the step that it failed in. */
  readonly onTraceId: (id: string) => void;
  readonly onFailedNode: (node: string, code: string) => void;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** True if the same request finds the same completion. */
  readonly isRepeatable: boolean;
}

/** A completion that a request has begun, or an earlier one like it. */
export interface StartedCompletion {
  readonly segment: ToldSegment;
  readonly isRepeated: boolean;
}

/** What an answer gets: the completion that goes on, or the calls that are open still. */
export type AnsweredCompletion =
  | StartedCompletion
  | { readonly run: LoggedRun; readonly isRepeated: boolean; readonly head: CompletionHead; readonly open: RunWaiting };

/** Completions whose runs are logged: begun by one request, read by any number of them. */
@Injectable()
export class LoggedCompletions implements RunDoor {
  readonly name = 'completions';

  constructor(
    private readonly runs: LoggedRuns,
    private readonly admission: Admission,
    private readonly answers: WaitAnswers,
    private readonly waits: RunWaits,
  ) {
    runs.addDoor(this);
  }

  /**
   * Begins a completion. When this resolves it is kept, and can be read.
   * @param identity what makes a repeated request the same one; undefined: each is another one
   * @param record told how the run went
   * @throws RateLimitedError, OverloadedError, IdempotencyKeyReusedError as {@link LoggedRuns.start}
   */
  async start(
    decoded: DecodedRequest,
    { caller, permit }: Pick<TakenRequest, 'caller' | 'permit'>,
    identity: RunToLog['identity'],
    record: RunRecord,
  ): Promise<StartedCompletion> {
    const { workflow, request, head, origin, nodeEvents, onDisconnect } = decoded;
    const detached = permit.detach();
    const { run, isRepeated } = await this.runs.start({
      door: this.name,
      segment: head.id,
      owner: caller.id,
      workflow,
      request,
      head: writeLoggedHead(decoded),
      origin,
      wantsContent: nodeEvents,
      permit: detached,
      endsWhenLeft: onDisconnect === 'cancel',
      record,
      ...(identity !== undefined && { identity }),
    });
    if (isRepeated) detached.cancel();
    const segment = findSegment(run, run.segments[0]?.id ?? '');
    if (segment === undefined) throw new Error(`The run ${run.id} has no completion`);
    return { segment, isRepeated };
  }

  /**
   * Answers what a run waits for. When this resolves the answer is kept. The run has a permit of its own.
   * @param record told how the run goes on
   * @throws what {@link WaitAnswers.answer} throws; ConflictError if the same was answered by another protocol
   */
  async answer(
    decoded: DecodedRequest,
    outputs: NonNullable<DecodedRequest['outputs']>,
    { caller, permit }: Pick<TakenRequest, 'caller' | 'permit'>,
    record: RunRecord,
  ): Promise<AnsweredCompletion> {
    const { workflow, head } = decoded;
    const { id: owner } = caller;
    const segment = { id: head.id, head: writeLoggedHead(decoded) };
    const detached = permit.detach();
    const answered = await this.answers.answer({ outputs, owner, workflow, param: 'messages', segment, record });
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
      head: { ...head, id, created: Math.floor(answeredAt / 1_000) },
      open: { type: 'run-waiting', seq: 0, waits: open, contentLength: 0 },
    };
  }

  readmit(kept: JsonObject): QueuedPermit {
    return this.admission.readmit(kept);
  }

  /** @returns undefined if no logged run of this caller has made a completion of this id */
  async find(id: string, caller: Caller): Promise<ToldSegment | undefined> {
    if (!id.startsWith(ID_PREFIX)) return undefined;
    const run = await this.runs.find(id, caller.id);
    return run && findSegment(run, id);
  }

  /** What is void in a completion up to now. */
  async findVoids({ from, run: { id, epoch } }: ToldSegment): Promise<Voids> {
    const voids = new Voids();
    // The usual run was begun once.
    if (epoch <= 1) return voids;
    let number = from;
    for await (const event of this.runs.readSoFar(id, from)) {
      if (event.type === 'node-restarted') voids.add(event, number);
      number++;
    }
    return voids;
  }

  /**
   * Waits for the end of a completion, as one of the readers of its run.
   * @throws RetoldError if the run fails; RunAbortedError if it is removed, or the client leaves; RunLeftError if it goes on later,
   *   or in another process; OverloadedError if the store is away
   */
  async collect(segment: ToldSegment, collecting: Collecting): Promise<ChatCompletion> {
    const { signal, isRepeatable } = collecting;
    const left: RunLeft = { advice: adviseToRead(segment.id), isRepeatable };
    const reading = { id: segment.run.id, from: findFirstEvent(segment), signal, left };
    const voids = new Voids();
    try {
      for (;;) {
        const collection = new Collection(segment, voids, collecting);
        for await (const events of readLog(this.runs, reading)) {
          for (const event of events) collection.next(event);
          if (collection.hasEnded) break;
        }
        if (!collection.isMisled) return collection.completion;
      }
    } catch (error) {
      // The client is not to begin another run.
      throw error instanceof OverloadedError && !isRepeatable ? makeLeftError(this.runs, left) : error;
    }
  }

  /**
   * Collects what a completion has now.
   * @returns undefined if it has not ended
   * @throws RetoldError if the run has failed before its end
   */
  async collectSoFar(
    segment: ToldSegment,
    collecting: Pick<Collecting, 'onTraceId' | 'onFailedNode'>,
  ): Promise<ChatCompletion | undefined> {
    for (;;) {
      const collection = new Collection(segment, await this.findVoids(segment), collecting);
      for await (const event of this.runs.readSoFar(segment.run.id, findFirstEvent(segment))) {
        collection.next(event);
        if (collection.hasEnded) break;
      }
      if (!collection.hasEnded) return undefined;
      if (!collection.isMisled) return collection.completion;
    }
  }
}

/** One try to collect a completion from the log of its run. */
class Collection {
  readonly #collector: CompletionCollector;
  readonly #events: SegmentEvents;
  readonly #voids: Voids;
  readonly #collecting: Pick<Collecting, 'onTraceId' | 'onFailedNode'>;
  #number: number;
  /** True if something was collected that is void. */
  isMisled = false;

  /** @param voids what is known to be void; what becomes known is added */
  constructor(segment: ToldSegment, voids: Voids, collecting: Pick<Collecting, 'onTraceId' | 'onFailedNode'>) {
    const head = readLoggedHead(segment.head);
    this.#collector = new CompletionCollector(head);
    this.#events = new SegmentEvents({ from: segment.from, separator: head.separator ?? '' });
    this.#voids = voids;
    this.#collecting = collecting;
    this.#number = findFirstEvent(segment);
  }

  /** True if nothing more is wanted. */
  get hasEnded(): boolean {
    return this.isMisled || this.#collector.hasEnded;
  }

  /** @throws Error if it has not ended */
  get completion(): ChatCompletion {
    return this.#collector.completion;
  }

  /** @throws RetoldError if the run has failed */
  next(event: LoggedEvent): void {
    const number = this.#number++;
    if (this.#collector.hasEnded) return;
    const told = this.#events.take(event, number);
    if (told === undefined) return;
    const { onTraceId, onFailedNode } = this.#collecting;
    if (told.type === 'run-failed') {
      const { error, outcome, node } = told;
      if (node !== undefined) onFailedNode(node, error.code ?? error.type);
      throw new RetoldError(error, outcome);
    }
    if (told.type === 'run-started' && told.traceId !== undefined) onTraceId(told.traceId);
    if (told.type === 'node-restarted' && !this.#voids.isKnown(number)) {
      this.#voids.add(told, number);
      this.isMisled = true;
    }
    if (!this.#voids.holds(event, number)) this.#collector.next(told);
  }
}

/** How a client finds a completion whose run this process has left: a sentence. */
export function adviseToRead(id: string): string {
  return `Its completion can be read later: GET /v1/chat/completions/${id}.`;
}
