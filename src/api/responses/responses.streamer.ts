import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Caller } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import type { RunEvent, RunFailed } from '../../engine/index.js';
import { readOutcome } from '../../errors/index.js';
import { findRecord, type RequestRecord, type StreamMetrics } from '../../http/index.js';
import { assertNever, Cancellation, Clock, type Timer } from '../../kernel/index.js';
import { guardCallback, type ReadFailure, type RunEvents, type RunOptions, type RunReader } from '../../runs/index.js';
import { Gate } from '../../streaming/index.js';
import { DONE_FRAME, EventStreamWriter, isRepeated, NewestEvents, paceRunEvents } from '../wire/index.js';
import type { DecodedRequest } from './decoded-request.js';
import { makeEncoder } from './make-encoder.js';
import { KeptResponses } from './kept-responses.service.js';
import { joinFrames, type ResponseEvent } from './response-events.js';
import type { ResponseEncoder } from './responses.encoder.js';

/** Streams responses. */
@Injectable()
export class ResponsesStreamer {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly kept: KeptResponses,
  ) {}

  /**
   * Runs a workflow and streams its events to the client. The head and the first events are sent at once, before the
   * first model is called: some clients pass the stream on to their users only then. So every outcome of the run is
   * reported in the stream.
   * @param start begins the run
   * @returns when the response has been handed to the connection
   * @throws MillraceError if the run cannot be begun
   */
  async stream(
    decoded: DecodedRequest,
    owner: Caller,
    response: Response,
    start: (options: Pick<RunOptions, 'gate'>) => RunEvents,
  ): Promise<void> {
    const { clock } = this;
    const { debounceMs, heartbeatMs } = this.config.stream;
    const gate = new Gate();
    const record = findRecord(response);
    const events = start({ gate });
    const stream = new ResponseStream(response, {
      encoder: makeEncoder(decoded),
      keep: async (encoder) => this.kept.keep(encoder, decoded, owner),
      gate,
      clock,
      heartbeatMs,
      nodeEvents: decoded.nodeEvents,
      metrics: record.openStream(),
      record,
    });
    await events.read(stream, paceRunEvents(clock, debounceMs, decoded.nodeEvents));
    await stream.ended;
  }
}

/** What one stream is made of. Times are in milliseconds. */
interface ResponseStreamParts {
  readonly encoder: ResponseEncoder;
  /**
   * Stores the response, if requested.
   * @returns false if it could not be stored. Never rejects
   */
  readonly keep: (encoder: ResponseEncoder) => Promise<boolean>;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** True if the client asked for node events. */
  readonly nodeEvents: boolean;
  readonly metrics: StreamMetrics;
  /** Called with faults of the stream itself. */
  readonly record: Pick<RequestRecord, 'setFailure'>;
}

/** One response on its way to the client. */
class ResponseStream implements RunReader {
  readonly fault = new Cancellation();
  readonly wantsContent: boolean;
  readonly #response: ServerResponse;
  readonly #parts: ResponseStreamParts;
  readonly #encoder: ResponseEncoder;
  readonly #writer: EventStreamWriter;
  readonly #gate: Gate;
  readonly #clock: Clock;
  /** The events held back while the client is behind. */
  readonly #newest = new NewestEvents<RunEvent>();
  readonly #onBeat: () => void;
  #beat: Timer | undefined;
  #ended: Promise<void> | undefined;

  constructor(response: ServerResponse, parts: ResponseStreamParts) {
    const { encoder, gate, clock, heartbeatMs, nodeEvents, metrics } = parts;
    this.#response = response;
    this.#parts = parts;
    this.#encoder = encoder;
    this.#gate = gate;
    this.#clock = clock;
    this.#writer = new EventStreamWriter(response, gate, clock, heartbeatMs, metrics, this.fault);
    this.wantsContent = nodeEvents;
    this.#onBeat = guardCallback(this.fault, () => this.#showLife());
    response.on('close', () => this.#beat?.cancel());
  }

  /** Resolves when the last event has been handed over, after the run's own end. */
  get ended(): Promise<void> | undefined {
    return this.#ended;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    switch (event.type) {
      case 'run-started':
        if (event.traceId !== undefined) this.#response.setHeader('x-trace-id', event.traceId);
        this.#writer.write(joinFrames(this.#encoder.open()) + this.#encode(event));
        this.#waitForBeat();
        break;
      case 'delta': {
        const frames = this.#encode(event);
        if (frames !== '') this.#writer.announceTokens();
        this.#writer.write(frames);
        break;
      }
      case 'run-finished':
        this.#finish(event);
        break;
      case 'run-resumed':
      case 'run-waiting':
      case 'run-continued':
      case 'run-retrying':
      case 'node-restarted':
      case 'model-identified':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
      case 'node-failed':
        if (this.wantsContent && isRepeated(event) && !this.#gate.isOpen) this.#keepNewest(event);
        else this.#writer.write(this.#takeNewest() + this.#encode(event));
        break;
      default:
        assertNever(event);
    }
  }

  /** Ends the response with the error. */
  failed({ error, thrown, event, isReaderFault }: ReadFailure): void {
    this.#beat?.cancel();
    // Its run may have ended well.
    if (isReaderFault) this.#parts.record.setFailure(thrown);
    const failed = event ?? { type: 'run-failed', seq: 0, error, outcome: readOutcome(thrown) };
    this.#writer.end(this.#takeNewest() + this.#encode(failed) + DONE_FRAME);
  }

  #finish(event: RunEvent): void {
    this.#beat?.cancel();
    this.#writer.write(this.#takeNewest());
    const events = this.#encoder.next(event, this.#clock.now());
    const last = events.at(-1);
    if (last === undefined || !this.#encoder.isStored) {
      this.#writer.end(joinFrames(events) + DONE_FRAME);
      return;
    }
    this.#writer.write(joinFrames(events.slice(0, -1)));
    this.#ended = this.#endKept(last);
  }

  /** A client that has read the last event may refer to the response. */
  async #endKept(last: ResponseEvent): Promise<void> {
    const isKept = await this.#parts.keep(this.#encoder);
    this.#writer.end(joinFrames([isKept ? last : this.#encoder.endUnstored(last)]) + DONE_FRAME);
  }

  #encode(event: RunEvent): string {
    return this.#encoder.encode(event, this.#clock.now());
  }

  #keepNewest(event: Parameters<NewestEvents<RunEvent>['keep']>[0] & RunEvent): void {
    if (this.#newest.isEmpty) {
      void this.#gate.waitUntilOpen().then(guardCallback(this.fault, () => this.#writer.write(this.#takeNewest())));
    }
    this.#newest.keep(event, event);
  }

  /** Encodes the events that were held back. */
  #takeNewest(): string {
    let frames = '';
    for (const event of this.#newest.take()) frames += this.#encode(event);
    return frames;
  }

  #showLife(): void {
    if (this.#response.destroyed) return;
    this.#writer.write(joinFrames(this.#encoder.beat(this.#clock.now())));
    this.#waitForBeat();
  }

  /** An event does not set back the timer, which would cost more than the event: when the timer fires, it asks what is due. */
  #waitForBeat(): void {
    const at = this.#encoder.nextBeatAt;
    if (at !== undefined) this.#beat = this.#clock.after(Math.max(1, at - this.#clock.now()), this.#onBeat);
  }
}
