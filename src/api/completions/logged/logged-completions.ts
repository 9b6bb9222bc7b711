import { Injectable } from '@nestjs/common';
import { Admission, type Caller } from '../../../access/index.js';
import { OverloadedError, RetoldError, RunAbortedError, RunLeftError } from '../../../errors/index.js';
import type { AbortNotice, JsonObject } from '../../../kernel/index.js';
import {
  type LoggedRun,
  LoggedRuns,
  type QueuedPermit,
  type RunDoor,
  type RunRecord,
  type RunToLog,
  type StartedRun,
} from '../../../runs/index.js';
import type { TakenRequest } from '../../wire/index.js';
import { CompletionCollector } from '../completions.collector.js';
import type { DecodedRequest } from '../completions.decoder.js';
import type { ChatCompletion } from '../dto/index.js';
import { readLoggedHead, writeLoggedHead } from './logged-head.js';
import { Voids } from './voids.js';

/** How a completion is collected. */
interface Collecting {
  /** Told of the run's trace, if it has one, and of the step that it failed in. */
  readonly onTraceId: (id: string) => void;
  readonly onFailedNode: (node: string, code: string) => void;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** True if the same request finds the same run. */
  readonly isRepeatable: boolean;
}

/** Completions whose runs are logged: begun by one request, read by any number of them. */
@Injectable()
export class LoggedCompletions implements RunDoor {
  readonly name = 'completions';

  constructor(
    private readonly runs: LoggedRuns,
    private readonly admission: Admission,
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
  ): Promise<StartedRun> {
    const { workflow, request, head, origin, nodeEvents, onDisconnect } = decoded;
    const detached = permit.detach();
    const started = await this.runs.start({
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
    if (started.isRepeated) detached.cancel();
    return started;
  }

  readmit(kept: JsonObject): QueuedPermit {
    return this.admission.readmit(kept);
  }

  /**
   * The run of a completion.
   * @returns undefined if no logged run of this caller has made a completion of this id
   */
  async find(id: string, caller: Caller): Promise<LoggedRun | undefined> {
    const run = await this.runs.find(id, caller.id);
    return run?.door === this.name && run.segments.some((segment) => segment.id === id) ? run : undefined;
  }

  /** What is void in a log up to now. */
  async findVoids({ id, epoch }: LoggedRun): Promise<Voids> {
    const voids = new Voids();
    // The usual run was begun once.
    if (epoch <= 1) return voids;
    let number = 0;
    for await (const event of this.runs.readSoFar(id)) {
      if (event.type === 'node-restarted') voids.add(event, number);
      number++;
    }
    return voids;
  }

  /**
   * Waits for the end of a run, as one of its readers.
   * @throws RetoldError if the run fails; RunAbortedError if it is removed, or the client leaves; RunLeftError if it goes on later,
   *   or in another process; OverloadedError if the store is away
   */
  async collect(run: LoggedRun, collecting: Collecting): Promise<ChatCompletion> {
    const voids = new Voids();
    for (;;) {
      const completion = await this.#collect(run, voids, collecting);
      if (completion !== undefined) return completion;
    }
  }

  /** @returns undefined if something was collected that is void; it is known then */
  async #collect(
    { id, head: writtenHead }: LoggedRun,
    voids: Voids,
    { onTraceId, onFailedNode, signal, isRepeatable }: Collecting,
  ): Promise<ChatCompletion | undefined> {
    const head = readLoggedHead(writtenHead);
    const collector = new CompletionCollector(head);
    const follower = this.runs.follow(id);
    const leave = (): void => follower.close();
    signal.addEventListener('abort', leave);
    let number = 0;
    let isMisled = false;
    try {
      for (;;) {
        const events = await follower.next();
        if (signal.aborted) throw new RunAbortedError('client_disconnected');
        if (events === 'gone') throw new RunAbortedError('cancelled');
        if (events === 'released') throw this.#makeLeftError(head.id, isRepeatable);
        if (events === 'over') return collector.completion;
        for (const event of events) {
          if (event.type === 'run-failed') {
            const { error, outcome, node } = event;
            if (node !== undefined) onFailedNode(node, error.code ?? error.type);
            throw new RetoldError(error, outcome);
          }
          if (event.type === 'run-started' && event.traceId !== undefined) onTraceId(event.traceId);
          if (event.type === 'node-restarted' && !voids.isKnown(number)) {
            voids.add(event, number);
            isMisled = true;
          }
          if (!voids.holds(event, number)) collector.next(event);
          number++;
        }
        if (isMisled) return undefined;
      }
    } catch (error) {
      // The client is not to begin another run.
      throw error instanceof OverloadedError && !isRepeatable ? this.#makeLeftError(head.id, false) : error;
    } finally {
      signal.removeEventListener('abort', leave);
      leave();
    }
  }

  #makeLeftError(id: string, isRepeatable: boolean): RunLeftError {
    return new RunLeftError(this.runs.isDraining ? 'shutdown' : 'store_away', adviseToRead(id), isRepeatable);
  }
}

/** How a client finds a completion whose run this process has left: a sentence. */
export function adviseToRead(id: string): string {
  return `Its completion can be read later: GET /v1/chat/completions/${id}.`;
}
