import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { findRecord } from '../../../http/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import {
  addRunHeaders,
  assertLogKept,
  DONE_FRAME,
  LogStreamer,
  type StillWaiting,
  readIdentity,
  type StartedSegment,
  type TakenRequest,
  type ClientSegment,
  type WaitingClient,
  watchReading,
} from '../../wire/index.js';
import type { DecodedRequest } from '../decoded-request.js';
import { KeptResponses } from '../kept-responses.service.js';
import { makeEncoder } from '../make-encoder.js';
import { joinFrames } from '../response-events.js';
import { LoggedResponses } from './logged-responses.service.js';
import { ResponseLogFold } from './response-log-fold.js';

/** Sends responses of logged runs, whole or as streams, from their logs. */
@Injectable()
export class LoggedResponsesResponder {
  constructor(
    private readonly responses: LoggedResponses,
    private readonly kept: KeptResponses,
    private readonly streamer: LogStreamer,
  ) {}

  /**
   * Begins a response and sends it; a background response is sent in its current state, unless it is streamed. A
   * request repeated with its `Idempotency-Key` gets the response that it has begun.
   * @throws what {@link LoggedResponses.start} and {@link LoggedResponses.collect} throw; GoneError if it was begun so long ago that its
   *   log is gone
   */
  async create(decoded: DecodedRequest, taken: TakenRequest, request: Request, response: Response): Promise<void> {
    const identity = readIdentity(request, this.responses.name, taken.body);
    const record = findRecord(response);
    const waits = !decoded.head.background;
    const { segment, isRepeated } = await this.responses.start(decoded, taken, identity, waits ? record : undefined);
    if (!waits) record.setRun(segment.run.id);
    addRunHeaders(response, segment.run.id, isRepeated);
    const isRepeatable = identity !== undefined;
    await this.#send(segment, decoded, response, { signal: taken.signal, isRepeated, isRepeatable });
  }

  /**
   * Answers the waits of a run, and sends the response that continues, or the calls that are still open. The same
   * answer gets the same response again.
   * @throws what {@link LoggedResponses.answer} throws, and as {@link create}
   */
  async answer(
    decoded: DecodedRequest,
    outputs: NonNullable<DecodedRequest['outputs']>,
    taken: TakenRequest,
    response: Response,
  ): Promise<void> {
    const record = decoded.head.background ? undefined : findRecord(response);
    const answered = await this.responses.answer(decoded, outputs, taken, record);
    const { run, isRepeated } = answered;
    findRecord(response).setRun(run.id);
    addRunHeaders(response, run.id, isRepeated);
    if ('segment' in answered) {
      await this.#send(answered.segment, decoded, response, { signal: taken.signal, isRepeated, isRepeatable: true });
    } else await this.#sendOpen(answered, decoded, taken, response);
  }

  async #send(
    segment: ClientSegment,
    { streams, head }: DecodedRequest,
    response: Response,
    {
      signal,
      isRepeated,
      isRepeatable,
    }: Pick<WaitingClient, 'signal' | 'isRepeatable'> & Pick<StartedSegment, 'isRepeated'>,
  ): Promise<void> {
    assertLogKept(segment.run, 'response');
    if (streams) {
      const options = { after: -1, hasIds: false, isLater: false, endsEmpty: false };
      await this.streamer.stream(segment, new ResponseLogFold(segment), response, options);
      return;
    }
    if (head.background) {
      // A response that has just begun has no output yet.
      response.json(isRepeated ? await this.responses.read(segment) : new ResponseLogFold(segment).response);
      return;
    }
    const waiting = { signal, isRepeatable, ...watchReading(response) };
    response.json(await this.responses.collect(segment, waiting));
  }

  async #sendOpen(
    { run, id, isRepeated, open, answeredAt }: StillWaiting,
    { head: asked, workflow, nodeEvents, streams, context }: DecodedRequest,
    { caller }: TakenRequest,
    response: Response,
  ): Promise<void> {
    const head = { ...asked, id, created_at: Math.floor(answeredAt / 1_000) };
    const encoder = makeEncoder({ head, workflow, nodeEvents: nodeEvents && streams });
    const events = [...encoder.open(), ...encoder.next(open, answeredAt)];
    const last = events.pop();
    if (last === undefined) throw new Error(`A response of the run ${run.id} has no event`);
    // Its output repeats the open calls.
    const repeated = new Set(open.waits.map(({ callId }) => callId));
    const isKept =
      !encoder.isStored ||
      isRepeated ||
      (await this.kept.keep(encoder, { context: context.filter((item) => !isCallWithId(item, repeated)) }, caller));
    const told = isKept ? last : encoder.endUnstored(last);
    if (streams) this.streamer.send(joinFrames([...events, told]) + DONE_FRAME, response);
    else response.json(encoder.response);
  }
}

function isCallWithId(item: JsonObject, callIds: ReadonlySet<string>): boolean {
  return item['type'] === 'function_call' && callIds.has(String(item['call_id']));
}
