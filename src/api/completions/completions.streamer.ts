import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { AppConfig } from '../../config/index.js';
import type { RunEvent, RunFailed, RunFinished } from '../../engine/index.js';
import { assertNever, type Cancellation, Clock, type Timer } from '../../kernel/index.js';
import { guardCallback, type ReadFailure, type RunEvents, type RunOptions, type RunReader } from '../../runs/index.js';
import { Gate } from '../../streaming/index.js';
import { DONE_FRAME, type EventStreamWriter, isRepeated, paceRunEvents, RunStream } from '../wire/index.js';
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
    const events = start({ gate, failFastMs: openGraceMs });
    const reader = new CompletionResponse(
      new RunStream(response, gate, clock, heartbeatMs),
      { id: head.id, created: head.created, model: head.model, includeUsage, nodeEvents },
      clock,
      openGraceMs,
    );
    return events.read(reader, paceRunEvents(clock, debounceMs, nodeEvents));
  }
}

/**
 * Most characters of node events that wait for the status line; of later progress only the newest event is kept, see
 * {@link REPEATED}.
 */
const EARLY_ROOM = 64 * 1024;

/** One streamed response. */
class CompletionResponse implements RunReader {
  readonly wantsContent: boolean;
  /** Holds back node events, as JSON. */
  readonly #stream: RunStream<string>;
  readonly #encoder: CompletionEncoder;
  readonly #writer: EventStreamWriter;
  /** Undefined once the status line no longer has to wait. */
  #grace: Timer | undefined;
  /** Node events, as JSON, from before the status line. They do not send the status line, since a failure may follow. */
  #early: string[] = [];
  #earlyLength = 0;

  /** @param openGraceMs how long the status line may wait for the first delta or an error, in milliseconds */
  constructor(stream: RunStream<string>, head: StreamHead, clock: Clock, openGraceMs: number) {
    this.#stream = stream;
    this.#writer = stream.writer;
    this.#encoder = new CompletionEncoder(head);
    this.#grace = clock.after(
      openGraceMs,
      guardCallback(stream.fault, () => this.#open()),
    );
    this.wantsContent = head.nodeEvents;
  }

  get fault(): Cancellation {
    return this.#stream.fault;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    switch (event.type) {
      case 'run-started':
        this.#stream.addTraceHeader(event);
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
  failed(failure: ReadFailure): void {
    const { error, thrown, isReaderFault, node } = failure;
    this.#endGrace();
    this.#stream.noteFault(failure);
    if (!this.#writer.isOpen) {
      this.#writer.release();
      if (!isReaderFault) this.#stream.record.setEvents([...this.#early, ...this.#stream.takeHeld()]);
      throw thrown;
    }
    this.#writer.end(
      (isReaderFault ? '' : this.#takeHeld()) + this.#encoder.encodeFailure({ error, node }) + DONE_FRAME,
    );
  }

  #open(): void {
    const early = this.#takeEarly() + this.#takeHeld();
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
    if (isRepeated(event) && !this.#hasRoom()) this.#stream.hold(event, json, this.#writeHeld);
    else if (this.#writer.isOpen) this.#writer.write(this.#takeHeld() + this.#encoder.encodeNews(json));
    else this.#keepEarly(json);
  }

  #keepEarly(json: string): void {
    for (const each of [...this.#stream.takeHeld(), json]) {
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
    return this.#writer.isOpen ? this.#stream.gate.isOpen : this.#earlyLength < EARLY_ROOM;
  }

  readonly #writeHeld = (): void => this.#writer.write(this.#takeHeld());

  /** Encodes the events that were held back while the client was behind. */
  #takeHeld(): string {
    let frames = '';
    for (const json of this.#stream.takeHeld()) frames += this.#encoder.encodeNews(json);
    return frames;
  }

  #finish(event: RunFinished): void {
    this.#endGrace();
    const early = this.#takeEarly();
    const json = this.#encoder.describe(event);
    const summary = json === undefined ? '' : this.#takeHeld() + this.#encoder.encodeNews(json);
    this.#writer.end(early + summary + this.#encoder.encodeFinish(event) + DONE_FRAME);
  }
}
