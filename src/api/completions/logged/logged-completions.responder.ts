import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppConfig } from '../../../config/index.js';
import { ConflictError, ReplayedError } from '../../../errors/index.js';
import { findRecord } from '../../../http/index.js';
import {
  addRunHeaders,
  assertLogKept,
  assertReached,
  DONE_FRAME,
  LogStreamer,
  type StillWaiting,
  readIdentity,
  readPosition,
  type TakenRequest,
  type ClientSegment,
  type WaitingClient,
  watchReading,
} from '../../wire/index.js';
import { CompletionEncoder } from '../completions.encoder.js';
import { CompletionCollector } from '../completions.collector.js';
import type { DecodedRequest } from '../completions.decoder.js';
import { CompletionLogFold } from './completion-log-fold.js';
import { adviseToRead, LoggedCompletions } from './logged-completions.service.js';

/** Sends completions of logged runs, whole or as streams, from their logs. */
@Injectable()
export class LoggedCompletionsResponder {
  constructor(
    private readonly config: AppConfig,
    private readonly completions: LoggedCompletions,
    private readonly streamer: LogStreamer,
  ) {}

  /**
   * Begins a completion and sends it. A request repeated with its `Idempotency-Key` gets the completion that it has
   * begun.
   * @throws what {@link LoggedCompletions.start} throws; ReplayedError if the run fails before anything was sent; GoneError if it was
   *   begun so long ago that its log is gone
   */
  async create(decoded: DecodedRequest, taken: TakenRequest, request: Request, response: Response): Promise<void> {
    const identity = readIdentity(request, this.completions.name, taken.body);
    const { segment, isRepeated } = await this.completions.start(decoded, taken, identity, findRecord(response));
    addRunHeaders(response, segment.run.id, isRepeated);
    await this.#send(segment, decoded, response, { signal: taken.signal, isRepeatable: identity !== undefined });
  }

  /**
   * Answers the waits of a run, and sends the completion that continues, or the calls that are still open. The same
   * answer gets the same completion again.
   * @throws what {@link LoggedCompletions.answer} throws, and as {@link create}
   */
  async answer(
    decoded: DecodedRequest,
    outputs: NonNullable<DecodedRequest['outputs']>,
    taken: TakenRequest,
    response: Response,
  ): Promise<void> {
    const answered = await this.completions.answer(decoded, outputs, taken, findRecord(response));
    findRecord(response).setRun(answered.run.id);
    addRunHeaders(response, answered.run.id, answered.isRepeated);
    if ('segment' in answered) {
      await this.#send(answered.segment, decoded, response, { signal: taken.signal, isRepeatable: true });
    } else this.#sendOpen(answered, decoded, response);
  }

  /**
   * Sends a completion that has ended.
   * @throws ConflictError if it has not, or was cancelled; ReplayedError if its run has failed; GoneError if its log is gone
   */
  async sendEnded(segment: ClientSegment, response: Response): Promise<void> {
    addRunHeaders(response, segment.run.id);
    assertLogKept(segment.run, 'completion');
    try {
      const completion = await this.completions.collectSoFar(segment, watchReading(response));
      if (completion !== undefined) {
        response.json(completion);
        return;
      }
    } catch (error) {
      if (!(error instanceof ReplayedError)) throw error;
      if (error.outcome === 'cancelled') {
        throw new ConflictError('The run of this completion was cancelled before its end.', 'run_cancelled');
      }
      // A repeated request would get the same.
      throw error.makeFinalError();
    }
    throw new ConflictError(
      'The run of this completion has not ended yet. Read it with `stream=true`, or try again later.',
      'run_not_finished',
    );
  }

  /**
   * Streams a completion from the position in the request: stored chunks at once, then new ones.
   * @throws InvalidRequestError, GoneError if it cannot be read from there
   */
  async stream(segment: ClientSegment, request: Request, response: Response): Promise<void> {
    const position = readPosition(request, 'starting_after', 'id');
    assertLogKept(segment.run, 'completion');
    assertReached(position, segment.run);
    const { after, isReconnect } = position;
    addRunHeaders(response, segment.run.id);
    const fold = await this.#makeFold(segment, after);
    await this.streamer.stream(segment, fold, response, {
      after,
      hasIds: true,
      isLater: true,
      endsEmpty: isReconnect,
    });
  }

  async #send(
    segment: ClientSegment,
    { streams, onDisconnect }: DecodedRequest,
    response: Response,
    { signal, isRepeatable }: Pick<WaitingClient, 'signal' | 'isRepeatable'>,
  ): Promise<void> {
    assertLogKept(segment.run, 'completion');
    if (!streams) {
      const collecting = { signal, isRepeatable, ...watchReading(response) };
      response.json(await this.completions.collect(segment, collecting));
      return;
    }
    await this.streamer.stream(segment, await this.#makeFold(segment, -1), response, {
      after: -1,
      // A client that has not asked for a resumable stream gets it as from any other workflow.
      hasIds: onDisconnect !== undefined,
      isLater: false,
      endsEmpty: false,
      holdMs: this.config.stream.openGraceMs,
      left: { advice: adviseToRead(segment.id), isRepeatable },
    });
  }

  #sendOpen(
    { id, open, answeredAt }: StillWaiting,
    { head: { model }, streams, includeUsage, nodeEvents }: DecodedRequest,
    response: Response,
  ): void {
    const head = { id, created: Math.floor(answeredAt / 1_000), model };
    if (streams) {
      const fold = new CompletionEncoder({ ...head, includeUsage, nodeEvents });
      this.streamer.send(fold.next(open) + DONE_FRAME, response);
      return;
    }
    const collector = new CompletionCollector(head);
    collector.next(open);
    response.json(collector.completion);
  }

  async #makeFold(segment: ClientSegment, after: number): Promise<CompletionLogFold> {
    const { from, head } = segment;
    return new CompletionLogFold(head, { from, after, voids: await this.completions.findVoids(segment) });
  }
}
