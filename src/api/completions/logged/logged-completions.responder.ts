import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppConfig } from '../../../config/index.js';
import { ConflictError, GoneError, RetoldError } from '../../../errors/index.js';
import { findRecord } from '../../../http/index.js';
import { type AbortNotice, Cancellation } from '../../../kernel/index.js';
import type { LoggedRun } from '../../../runs/index.js';
import {
  addRunHeaders,
  assertReached,
  LogStreamer,
  readIdentity,
  readPosition,
  type TakenRequest,
} from '../../wire/index.js';
import type { DecodedRequest } from '../completions.decoder.js';
import { CompletionLogFold } from './completion-log-fold.js';
import { readLoggedHead } from './logged-head.js';
import { adviseToRead, LoggedCompletions } from './logged-completions.js';

/** Sends completions whose runs are logged, whole or as streams, from their logs. */
@Injectable()
export class LoggedCompletionsResponder {
  constructor(
    private readonly config: AppConfig,
    private readonly completions: LoggedCompletions,
    private readonly streamer: LogStreamer,
  ) {}

  /**
   * Begins a completion and sends it. A request that is repeated with its `Idempotency-Key` gets the one that it has begun.
   * @throws what {@link LoggedCompletions.start} throws; RetoldError if the run fails before anything was sent; GoneError if it was
   *   begun so long ago that its log is gone
   */
  async create(decoded: DecodedRequest, taken: TakenRequest, request: Request, response: Response): Promise<void> {
    const identity = readIdentity(request, this.completions.name, taken.body);
    const { run, isRepeated } = await this.completions.start(decoded, taken, identity, findRecord(response));
    addRunHeaders(response, run.id, isRepeated);
    assertLogKept(run);
    if (!decoded.streams) {
      await this.#sendWhole(run, response, { signal: taken.signal, isRepeatable: identity !== undefined });
      return;
    }
    const fold = new CompletionLogFold(run.head, { after: -1, voids: await this.completions.findVoids(run) });
    const holdMs = this.config.stream.openGraceMs;
    const { id } = readLoggedHead(run.head);
    await this.streamer.stream(run, fold, response, {
      after: -1,
      hasIds: true,
      isLater: false,
      endsEmpty: false,
      holdMs,
      left: { advice: adviseToRead(id), isRepeatable: identity !== undefined },
    });
  }

  /**
   * Sends a completion that has ended.
   * @throws ConflictError if it has not, or was cancelled; RetoldError if its run has failed; GoneError if its log is gone
   */
  async sendEnded(run: LoggedRun, response: Response): Promise<void> {
    addRunHeaders(response, run.id);
    assertLogKept(run);
    if (run.ending === undefined) {
      throw new ConflictError(
        'The run of this completion has not ended yet. Read it with `stream=true`, or ask again later.',
        'run_not_finished',
      );
    }
    if (run.ending.status === 'cancelled') {
      throw new ConflictError('The run of this completion was cancelled before its end.', 'run_cancelled');
    }
    try {
      await this.#sendWhole(run, response, { signal: new Cancellation(), isRepeatable: true });
    } catch (error) {
      // Asking again gives the same.
      throw error instanceof RetoldError ? error.makeFinal() : error;
    }
  }

  /**
   * Streams a completion from where the request says it is, stored chunks at once and then those that come.
   * @throws InvalidRequestError, GoneError if it cannot be read from there
   */
  async stream(run: LoggedRun, request: Request, response: Response): Promise<void> {
    const position = readPosition(request, 'starting_after', 'id');
    assertLogKept(run);
    assertReached(position, run);
    const { after, isReconnect } = position;
    addRunHeaders(response, run.id);
    const fold = new CompletionLogFold(run.head, { after, voids: await this.completions.findVoids(run) });
    await this.streamer.stream(run, fold, response, {
      after,
      hasIds: true,
      isLater: true,
      endsEmpty: isReconnect,
    });
  }

  async #sendWhole(
    run: LoggedRun,
    response: Response,
    reader: { readonly signal: AbortNotice; readonly isRepeatable: boolean },
  ): Promise<void> {
    const completion = await this.completions.collect(run, {
      ...reader,
      onTraceId: (id) => response.setHeader('x-trace-id', id),
      onFailedNode: (node, code) => findRecord(response).setReplayedFailure({ node, code }),
    });
    response.json(completion);
  }
}

function assertLogKept({ hasLog }: LoggedRun): void {
  if (hasLog) return;
  throw new GoneError(
    'What this completion said is not kept any more: its log has expired. Send the request again.',
    'log_expired',
  );
}
