import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Caller } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import type { RunEvent, RunFailed } from '../../engine/index.js';
import { readOutcome } from '../../errors/index.js';
import { assertNever, type Cancellation, Clock, type Timer } from '../../kernel/index.js';
import { guardCallback, type ReadFailure, type RunEvents, type RunOptions, type RunReader } from '../../runs/index.js';
import { Gate } from '../../streaming/index.js';
import { DONE_FRAME, type EventStreamWriter, isRepeated, paceRunEvents, RunStream } from '../wire/index.js';
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
    const events = start({ gate });
    const reader = new ResponseStream(response, {
      stream: new RunStream(response, gate, clock, heartbeatMs),
      encoder: makeEncoder(decoded),
      keep: async (encoder) => this.kept.keep(encoder, decoded, owner),
      clock,
      nodeEvents: decoded.nodeEvents,
    });
    await events.read(reader, paceRunEvents(clock, debounceMs, decoded.nodeEvents));
    await reader.ended;
  }
}

/** What one stream is made of. */
interface ResponseStreamParts {
  /** Holds back node events. */
  readonly stream: RunStream<RunEvent>;
  readonly encoder: ResponseEncoder;
  /**
   * Stores the response, if requested.
   * @returns false if it could not be stored. Never rejects
   */
  readonly keep: (encoder: ResponseEncoder) => Promise<boolean>;
  readonly clock: Clock;
  /** True if the client asked for node events. */
  readonly nodeEvents: boolean;
}

/** One response on its way to the client. */
class ResponseStream implements RunReader {
  readonly wantsContent: boolean;
  readonly #response: ServerResponse;
  readonly #parts: ResponseStreamParts;
  readonly #encoder: ResponseEncoder;
  readonly #writer: EventStreamWriter;
  readonly #stream: RunStream<RunEvent>;
  readonly #clock: Clock;
  readonly #onBeat: () => void;
  #beat: Timer | undefined;
  #ended: Promise<void> | undefined;

  constructor(response: ServerResponse, parts: ResponseStreamParts) {
    const { stream, encoder, clock, nodeEvents } = parts;
    this.#response = response;
    this.#parts = parts;
    this.#encoder = encoder;
    this.#stream = stream;
    this.#clock = clock;
    this.#writer = stream.writer;
    this.wantsContent = nodeEvents;
    this.#onBeat = guardCallback(stream.fault, () => this.#showLife());
    response.on('close', () => this.#beat?.cancel());
  }

  get fault(): Cancellation {
    return this.#stream.fault;
  }

  /** Resolves when the last event has been handed over, after the run's own end. */
  get ended(): Promise<void> | undefined {
    return this.#ended;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    switch (event.type) {
      case 'run-started':
        this.#stream.addTraceHeader(event);
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
        if (this.wantsContent && isRepeated(event) && !this.#stream.gate.isOpen)
          this.#stream.hold(event, event, this.#writeHeld);
        else this.#writer.write(this.#takeHeld() + this.#encode(event));
        break;
      default:
        assertNever(event);
    }
  }

  /** Ends the response with the error. */
  failed(failure: ReadFailure): void {
    const { error, thrown, event } = failure;
    this.#beat?.cancel();
    this.#stream.noteFault(failure);
    const failed = event ?? { type: 'run-failed', seq: 0, error, outcome: readOutcome(thrown) };
    this.#writer.end(this.#takeHeld() + this.#encode(failed) + DONE_FRAME);
  }

  #finish(event: RunEvent): void {
    this.#beat?.cancel();
    this.#writer.write(this.#takeHeld());
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

  readonly #writeHeld = (): void => this.#writer.write(this.#takeHeld());

  /** Encodes the events that were held back. */
  #takeHeld(): string {
    let frames = '';
    for (const event of this.#stream.takeHeld()) frames += this.#encode(event);
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
