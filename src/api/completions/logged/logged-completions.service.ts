import { Injectable } from '@nestjs/common';
import { Admissions, type Caller } from '../../../access/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import {
  type LoggedEvent,
  type LoggedRun,
  LoggedRuns,
  type NextSegment,
  type QueuedAdmission,
  type RunDoor,
  type RequestWatch,
  type RunToLog,
} from '../../../runs/index.js';
import {
  type Asker,
  collectSegment,
  collectSegmentSoFar,
  findSegment,
  passFacts,
  type StillWaiting,
  type ReadingWatch,
  type SegmentCollector,
  SegmentEvents,
  type StartedSegment,
  type ClientSegment,
  ClientSegments,
  type WaitingClient,
} from '../../wire/index.js';
import { CompletionCollector } from '../completions.collector.js';
import type { DecodedRequest } from '../completions.decoder.js';
import type { ChatCompletion } from '../dto/index.js';
import { type LoggedHead, readLoggedHead, writeLoggedHead } from './logged-head.js';
import { Voids } from './voids.js';

/** The prefix of this door's completion ids. */
const ID_PREFIX = 'chatcmpl-';

/** Completions whose runs are logged: begun by one request, read by any number of them. */
@Injectable()
export class LoggedCompletions implements RunDoor {
  readonly name = 'completions';
  readonly segmentPrefix = ID_PREFIX;

  constructor(
    private readonly runs: LoggedRuns,
    private readonly admissions: Admissions,
    private readonly segments: ClientSegments,
  ) {
    runs.addDoor(this);
  }

  /**
   * Begins a completion. When this resolves, it is stored and can be read.
   * @param identity identifies repeated requests; undefined: every request begins a new run
   * @param watch notified of the run
   * @throws RateLimitedError, OverloadedError, IdempotencyKeyReusedError as {@link LoggedRuns.start}
   */
  async start(
    decoded: DecodedRequest,
    asker: Asker,
    identity: RunToLog['identity'],
    watch: RequestWatch,
  ): Promise<StartedSegment> {
    const { workflow, request, head, origin, nodeEvents, onDisconnect } = decoded;
    const run = {
      door: this.name,
      segment: head.id,
      workflow,
      request,
      head: writeLoggedHead(decoded),
      origin,
      wantsContent: nodeEvents,
      endsWhenLeft: onDisconnect === 'cancel',
      identity,
      watch,
    };
    return this.segments.start(run, asker);
  }

  /**
   * Answers the waits of a run. When this resolves, the answer is stored.
   * @param watch notified of the run
   * @throws as {@link ClientSegments.answer}
   */
  async answer(
    decoded: DecodedRequest,
    outputs: NonNullable<DecodedRequest['outputs']>,
    asker: Asker,
    watch: RequestWatch,
  ): Promise<StartedSegment | StillWaiting> {
    const { workflow, head } = decoded;
    const segment = { id: head.id, head: writeLoggedHead(decoded) };
    return this.segments.answer({ outputs, workflow, param: 'messages', segment, watch }, ID_PREFIX, asker);
  }

  continueHead(run: LoggedRun, { id, before, at }: NextSegment): Promise<string> {
    const { head = run.head } = findSegment(run, before) ?? {};
    const json = JSON.stringify({ ...readLoggedHead(head), id, created: Math.floor(at / 1_000) } satisfies LoggedHead);
    return Promise.resolve(json);
  }

  readmit(kept: JsonObject): QueuedAdmission {
    return this.admissions.readmit(kept);
  }

  /** @returns undefined if this caller has no logged run with a completion of this id */
  async find(id: string, caller: Caller): Promise<ClientSegment | undefined> {
    if (!id.startsWith(ID_PREFIX)) return undefined;
    const run = await this.runs.find(id, caller.id);
    return run && findSegment(run, id);
  }

  /** The parts of a completion that are void so far. */
  async findVoids(segment: ClientSegment): Promise<Voids> {
    const voids = new Voids();
    // Most runs were begun once.
    if (segment.run.epoch <= 1) return voids;
    await collectSegmentSoFar(this.runs, segment, {
      hasEnded: false,
      next: (event, number) => {
        if (event.type === 'node-restarted') voids.add(event, number);
      },
    });
    return voids;
  }

  /**
   * Waits for the end of a completion, as one of the readers of its run.
   * @throws ReplayedError if the run fails; RunAbortedError if it is removed, or the client leaves; RunLeftError if it
   * continues later or in another process; OverloadedError if the store is unavailable
   */
  async collect(segment: ClientSegment, waiting: WaitingClient): Promise<ChatCompletion> {
    const reader = { ...waiting, advice: adviseToRead(segment.id) };
    const voids = new Voids();
    for (;;) {
      const collection = new Collection(segment, voids, waiting);
      await collectSegment(this.runs, segment, collection, reader);
      if (!collection.isMisled) return collection.completion;
    }
  }

  /**
   * Collects the completion so far.
   * @returns undefined if it has not ended
   * @throws ReplayedError if the run has failed before its end
   */
  async collectSoFar(segment: ClientSegment, watch: ReadingWatch): Promise<ChatCompletion | undefined> {
    for (;;) {
      const collection = new Collection(segment, await this.findVoids(segment), watch);
      await collectSegmentSoFar(this.runs, segment, collection);
      if (!collection.hasEnded) return undefined;
      if (!collection.isMisled) return collection.completion;
    }
  }
}

/** One try to collect a completion from the log of its run. */
class Collection implements SegmentCollector {
  readonly #collector: CompletionCollector;
  readonly #events: SegmentEvents;
  readonly #voids: Voids;
  readonly #watch: ReadingWatch;
  /** True if something void was collected. */
  isMisled = false;

  /** @param voids the known void parts; new ones are added */
  constructor(segment: ClientSegment, voids: Voids, watch: ReadingWatch) {
    const head = readLoggedHead(segment.head);
    this.#collector = new CompletionCollector(head);
    this.#events = new SegmentEvents({ from: segment.from, separator: head.separator ?? '' });
    this.#voids = voids;
    this.#watch = watch;
  }

  /** True if no more events are needed. */
  get hasEnded(): boolean {
    return this.isMisled || this.#collector.hasEnded;
  }

  /** @throws Error if it has not ended */
  get completion(): ChatCompletion {
    return this.#collector.completion;
  }

  /** @throws ReplayedError if the run has failed */
  next(event: LoggedEvent, number: number): void {
    const told = this.#events.take(event, number);
    if (told === undefined) return;
    passFacts(told, this.#watch);
    if (told.type === 'node-restarted' && !this.#voids.isKnown(number)) {
      this.#voids.add(told, number);
      this.isMisled = true;
    }
    if (!this.#voids.holds(event, number)) this.#collector.next(told);
  }
}

/** The sentence that shows a client where to find a completion whose run this process has left. */
export function adviseToRead(id: string): string {
  return `Its completion can be read later: GET /v1/chat/completions/${id}.`;
}
