import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { AppConfig } from '../../config/index.js';
import type { RunEvent, RunFailed, RunFinished } from '../../engine/index.js';
import { findRecord, type RequestRecord, type StreamMetrics } from '../../http/index.js';
import { assertNever, Cancellation, Clock, type Timer } from '../../kernel/index.js';
import { guardCallback, type ReadFailure, type RunEvents, type RunOptions, type RunReader } from '../../runs/index.js';
import { Gate } from '../../streaming/index.js';
import {
  DONE_FRAME,
  EventStreamWriter,
  isRepeated,
  NewestEvents,
  paceRunEvents,
  type RepeatedEvent,
} from '../wire/index.js';
import type { DecodedRequest } from './completions.decoder.js';
import { CompletionEncoder, type StreamHead } from './completions.encoder.js';

/** Streams chat completions. */
@Injectable()
export class CompletionsStreamer {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs a workflow and streams its events to the client. The status line waits for the first delta or an error, so that a run that
   * fails at once becomes an HTTP error; but it waits no longer than the grace time, because clients and proxies expect a sign of
   * life.
   * @param start begins the run
   * @returns when the whole response has been handed to the connection. Rejects with a MillraceError if the run fails before
   *   anything was sent; then the caller must respond
   * @throws MillraceError if the run cannot be begun
   */
  stream(
    { head, includeUsage, nodeEvents }: DecodedRequest,
    response: Response,
    start: (options: Pick<RunOptions, 'gate' | 'failFastMs'>) => RunEvents,
  ): Promise<unknown> {
    const { clock } = this;
    const { debounceMs, heartbeatMs, openGraceMs } = this.config.stream;
    const gate = new Gate();
    const record = findRecord(response);
    const stream = new CompletionResponse(response, {
      head: { id: head.id, created: head.created, model: head.model, includeUsage, nodeEvents },
      gate,
      clock,
      heartbeatMs,
      openGraceMs,
      metrics: record.openStream(),
      record,
    });
    return start({ gate, failFastMs: openGraceMs }).read(stream, paceRunEvents(clock, debounceMs, nodeEvents));
  }
}

/** What one stream is made of. Times are in milliseconds. */
interface CompletionResponseParts {
  readonly head: StreamHead;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** How long the status line may wait for the first delta or an error. */
  readonly openGraceMs: number;
  readonly metrics: StreamMetrics;
  /** Logs faults of the stream, and node events that could not be streamed. */
  readonly record: Pick<RequestRecord, 'setFailure' | 'setEvents'>;
}

/**
 * Most characters of node events that wait for the status line; of later progress only the newest event is kept, see
 * {@link REPEATED}.
 */
const EARLY_ROOM = 64 * 1024;

/** One streamed response. */
class CompletionResponse implements RunReader {
  readonly fault = new Cancellation();
  readonly wantsContent: boolean;
  readonly #response: ServerResponse;
  readonly #encoder: CompletionEncoder;
  readonly #writer: EventStreamWriter;
  readonly #gate: Gate;
  /** Undefined once the status line no longer has to wait. */
  #grace: Timer | undefined;
  readonly #record: CompletionResponseParts['record'];
  /** Node events, as JSON, from before the status line. They do not send the status line, since a failure may follow. */
  #early: string[] = [];
  #earlyLength = 0;
  /** The newest of the repeated events that are held back because the client is behind, by node and type. */
  readonly #newest = new NewestEvents<string>();

  constructor(response: ServerResponse, parts: CompletionResponseParts) {
    const { head, gate, clock, heartbeatMs, openGraceMs, metrics, record } = parts;
    this.#response = response;
    this.#encoder = new CompletionEncoder(head);
    this.#gate = gate;
    this.#writer = new EventStreamWriter(response, gate, clock, heartbeatMs, metrics, this.fault);
    this.#grace = clock.after(
      openGraceMs,
      guardCallback(this.fault, () => this.#open()),
    );
    this.#record = record;
    this.wantsContent = head.nodeEvents;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    switch (event.type) {
      case 'run-started':
        if (event.traceId !== undefined) this.#response.setHeader('x-trace-id', event.traceId);
        break;
      case 'model-identified':
        this.#encoder.attribute(event.identity);
        this.#writeNodeEvent(event);
        break;
      case 'delta':
        this.#writeNodeEvent(event);
        // Earlier events are encoded first: the very first frame has the role.
        this.#writeDelta(this.#takeEarly() + this.#encoder.encodeDelta(event));
        break;
      case 'run-finished':
        this.#finish(event);
        break;
      case 'run-resumed':
      case 'node-restarted':
      case 'run-waiting':
      case 'run-continued':
      case 'run-retrying':
        // Only logged runs are resumed, wait or are retried, and they are not streamed here.
        break;
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
      case 'node-failed':
        this.#writeNodeEvent(event);
        break;
      default:
        assertNever(event);
    }
  }

  /**
   * Ends the response with the error.
   * @throws the error if nothing was sent; then other code responds
   */
  failed({ error, thrown, isReaderFault, node }: ReadFailure): void {
    this.#endGrace();
    // The run itself may have succeeded, so the failure is noted in the record.
    if (isReaderFault) this.#record.setFailure(thrown);
    if (!this.#writer.isOpen) {
      this.#writer.release();
      if (!isReaderFault) this.#record.setEvents([...this.#early, ...this.#newest.take()]);
      throw thrown;
    }
    this.#writer.end(
      (isReaderFault ? '' : this.#takeNewest()) + this.#encoder.encodeFailure({ error, node }) + DONE_FRAME,
    );
  }

  #open(): void {
    const early = this.#takeEarly() + this.#takeNewest();
    if (early === '') this.#writer.open();
    else this.#write(early);
  }

  #endGrace(): void {
    this.#grace?.cancel();
    this.#grace = undefined;
  }

  #write(frames: string): void {
    if (frames === '') return;
    if (this.#grace !== undefined) this.#endGrace();
    this.#writer.write(frames);
  }

  #writeDelta(frames: string): void {
    if (frames !== '') this.#writer.announceTokens();
    this.#write(frames);
  }

  #writeNodeEvent(event: RunEvent): void {
    const json = this.#encoder.describe(event);
    if (json === undefined) return;
    if (isRepeated(event) && !this.#hasRoom()) this.#keepNewest(event, json);
    else if (this.#writer.isOpen) this.#writer.write(this.#takeNewest() + this.#encoder.encodeNews(json));
    else this.#keepEarly(json);
  }

  #keepEarly(json: string): void {
    for (const each of [...this.#newest.take(), json]) {
      this.#early.push(each);
      this.#earlyLength += each.length;
    }
  }

  /** Encodes the events that came before the status line. */
  #takeEarly(): string {
    if (this.#early.length === 0) return '';
    const early = this.#early;
    this.#early = [];
    return early.map((json) => this.#encoder.encodeNews(json)).join('');
  }

  #hasRoom(): boolean {
    return this.#writer.isOpen ? this.#gate.isOpen : this.#earlyLength < EARLY_ROOM;
  }

  #keepNewest(event: RepeatedEvent, json: string): void {
    if (this.#newest.isEmpty && this.#writer.isOpen) {
      void this.#gate.waitUntilOpen().then(guardCallback(this.fault, () => this.#writer.write(this.#takeNewest())));
    }
    this.#newest.keep(event, json);
  }

  /** Encodes the events that were held back while the client was behind. */
  #takeNewest(): string {
    let frames = '';
    for (const json of this.#newest.take()) frames += this.#encoder.encodeNews(json);
    return frames;
  }

  #finish(event: RunFinished): void {
    this.#endGrace();
    const early = this.#takeEarly();
    const json = this.#encoder.describe(event);
    const summary = json === undefined ? '' : this.#takeNewest() + this.#encoder.encodeNews(json);
    this.#writer.end(early + summary + this.#encoder.encodeFinish(event) + DONE_FRAME);
  }
}
