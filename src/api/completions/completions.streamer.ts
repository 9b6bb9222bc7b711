import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { AppConfig } from '../../config/index.js';
import type { RunEvent, RunFailed, RunFinished } from '../../engine/index.js';
import { findRecord, type RequestRecord, type StreamMeter } from '../../http/index.js';
import { assertNever, Cancellation, Clock, type Timer } from '../../kernel/index.js';
import { guardCallback, type ReadFailure, type RunEvents, type RunOptions, type RunReader } from '../../runs/index.js';
import { coalesce, Gate, mergeDeltas } from '../../streaming/index.js';
import { DONE_FRAME, encodeError, EventStreamWriter } from '../wire/index.js';
import type { DecodedRequest } from './completions.decoder.js';
import { ChunkEncoder, type ChunkHead } from './completions.encoder.js';
import { NodeEvents } from './node-events.js';

/** Streams chat completions. */
@Injectable()
export class CompletionsStreamer {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs a workflow and streams its events to the client. The status line waits for the first delta or an error, so that a run
   * which fails at once is a real HTTP error; but not for longer than the grace time, because clients and proxies want to see
   * life.
   * @param start begins the run
   * @returns when the answer has been handed to the connection
   * @throws MillraceError if the run fails before anything was sent: the answer is then the caller's to give
   */
  async stream(
    { head, includeUsage, nodeEvents }: DecodedRequest,
    response: Response,
    start: (options: Pick<RunOptions, 'gate' | 'failFastMs'>) => RunEvents,
  ): Promise<void> {
    const { clock } = this;
    const { debounceMs, heartbeatMs, openGraceMs } = this.config.stream;
    const gate = new Gate();
    const record = findRecord(response);
    const stream = new CompletionStream(response, {
      head: { id: head.id, created: head.created, model: head.model, includeUsage },
      gate,
      clock,
      heartbeatMs,
      openGraceMs,
      nodeEvents,
      meter: record.openStream(),
      record,
    });
    await start({ gate, failFastMs: openGraceMs }).read(
      stream,
      coalesce({
        clock,
        isWanted: (event) => nodeEvents || !NEWS[event.type],
        chooseWindow: (event) => (event.type === 'delta' ? (event.debounceMs ?? debounceMs) : undefined),
        merge: mergeDeltaEvents,
      }),
    );
  }
}

/** What one stream is made of. Times are in milliseconds. */
interface CompletionStreamParts {
  readonly head: ChunkHead;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** How long the status line may wait for the first delta or an error. */
  readonly openGraceMs: number;
  /** True if the client asked for node events. */
  readonly nodeEvents: boolean;
  readonly meter: StreamMeter;
  /** Told of faults of the stream itself, and of node events that no stream was opened for. */
  readonly record: Pick<RequestRecord, 'failed' | 'failedAfter'>;
}

/** How many characters of node events wait for the status line; what is told of progress beyond them is kept as below. */
const EARLY_ROOM = 64 * 1024;

/** Events of which a node may have any number; only the newest counts for a client that is behind. */
const REPEATED: ReadonlySet<RunEvent['type']> = new Set(['node-progress', 'model-identified']);

/** True for events that only clients see that asked for them; passing them on would break up text that can be joined. */
const NEWS: Readonly<Record<RunEvent['type'], boolean>> = {
  'run-started': false,
  'node-started': true,
  'node-progress': true,
  'route-taken': true,
  'model-identified': false,
  delta: false,
  // Its text is over: what is held of it is sent.
  'node-finished': false,
  'node-failed': true,
  'run-finished': false,
  'run-failed': false,
};

/** One answer on its way to the client. */
class CompletionStream implements RunReader {
  readonly fault = new Cancellation();
  readonly wantsContent: boolean;
  readonly #response: ServerResponse;
  readonly #encoder: ChunkEncoder;
  readonly #writer: EventStreamWriter;
  readonly #gate: Gate;
  readonly #grace: Timer;
  readonly #includeUsage: boolean;
  readonly #record: CompletionStreamParts['record'];
  readonly #nodeEvents: NodeEvents | undefined;
  /** Node events, as JSON, from before the status line was sent. They do not send it themselves: a failure may follow. */
  #early: string[] = [];
  #earlyLength = 0;
  /** The newest of the repeated events that are held back because the client is behind, by node and type. */
  #newest: Map<string, string> | undefined;

  constructor(response: ServerResponse, parts: CompletionStreamParts) {
    const { head, gate, clock, heartbeatMs, openGraceMs, nodeEvents, meter, record } = parts;
    this.#response = response;
    this.#encoder = new ChunkEncoder(head);
    this.#gate = gate;
    this.#writer = new EventStreamWriter(response, gate, clock, heartbeatMs, meter, this.fault);
    this.#grace = clock.after(
      openGraceMs,
      guardCallback(this.fault, () => this.#open()),
    );
    this.#includeUsage = head.includeUsage;
    this.#record = record;
    this.wantsContent = nodeEvents;
    this.#nodeEvents = nodeEvents ? new NodeEvents() : undefined;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    switch (event.type) {
      case 'run-started':
        if (event.traceId !== undefined) this.#response.setHeader('x-trace-id', event.traceId);
        break;
      case 'model-identified':
        this.#encoder.attribute(event.identity.systemFingerprint, event.identity.serviceTier);
        this.#tell(event);
        break;
      case 'delta':
        this.#tell(event);
        // What came before is encoded first: the first frame of all has the role.
        this.#say(this.#takeEarly() + this.#encoder.encodeDelta(event.delta));
        break;
      case 'run-finished':
        this.#finish(event);
        break;
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
      case 'node-failed':
        this.#tell(event);
        break;
      default:
        assertNever(event);
    }
  }

  /**
   * Ends the answer with the error.
   * @throws the error, if nothing was sent: other code then answers
   */
  failed({ error, thrown, isReaders, node }: ReadFailure): void {
    this.#grace.cancel();
    // Its run may have ended well.
    if (isReaders) this.#record.failed(thrown);
    if (!this.#writer.isOpen) {
      this.#writer.release();
      if (!isReaders) this.#record.failedAfter([...this.#early, ...(this.#newest?.values() ?? [])]);
      throw thrown;
    }
    this.#writer.end((isReaders ? '' : this.#takeNewest()) + encodeError(error, node) + DONE_FRAME);
  }

  #open(): void {
    const early = this.#takeEarly() + this.#takeNewest();
    if (early === '') this.#writer.open();
    else this.#write(early);
  }

  #write(frames: string): void {
    if (frames === '') return;
    this.#grace.cancel();
    this.#writer.write(frames);
  }

  #say(frames: string): void {
    if (frames !== '') this.#writer.tokensFollow();
    this.#write(frames);
  }

  #tell(event: RunEvent): void {
    const json = this.#nodeEvents?.encode(event);
    if (json === undefined) return;
    if ('node' in event && REPEATED.has(event.type) && !this.#hasRoom()) this.#keepNewest(event.type, event.node, json);
    else if (this.#writer.isOpen) this.#writer.write(this.#takeNewest() + this.#encoder.encodeEvent(json));
    else this.#keepEarly(json);
  }

  #keepEarly(json: string): void {
    for (const each of [...(this.#newest?.values() ?? []), json]) {
      this.#early.push(each);
      this.#earlyLength += each.length;
    }
    this.#newest = undefined;
  }

  /** Frames of what came before the status line. */
  #takeEarly(): string {
    if (this.#early.length === 0) return '';
    const early = this.#early;
    this.#early = [];
    return early.map((json) => this.#encoder.encodeEvent(json)).join('');
  }

  #hasRoom(): boolean {
    return this.#writer.isOpen ? this.#gate.isOpen : this.#earlyLength < EARLY_ROOM;
  }

  #keepNewest(type: string, node: string, json: string): void {
    if (this.#newest === undefined && this.#writer.isOpen) {
      void this.#gate.opened().then(guardCallback(this.fault, () => this.#writer.write(this.#takeNewest())));
    }
    const key = `${type} ${node}`;
    // Set anew, it is the last again: the numbers of events grow.
    const newest = (this.#newest ??= new Map());
    newest.delete(key);
    newest.set(key, json);
  }

  /** Frames of what was kept. */
  #takeNewest(): string {
    if (this.#newest === undefined) return '';
    let frames = '';
    for (const json of this.#newest.values()) frames += this.#encoder.encodeEvent(json);
    this.#newest = undefined;
    return frames;
  }

  #finish(event: RunFinished): void {
    this.#grace.cancel();
    const early = this.#takeEarly();
    const summary =
      this.#nodeEvents === undefined
        ? ''
        : this.#takeNewest() + this.#encoder.encodeEvent(this.#nodeEvents.encodeSummary(event));
    const usage = this.#includeUsage && event.usage !== undefined ? this.#encoder.encodeUsage(event.usage) : '';
    const frames = early + summary + this.#encoder.encodeFinish(event.finishReason) + usage + DONE_FRAME;
    this.#writer.end(frames);
  }
}

/** Text of one node and channel is joined; anything else keeps its place. */
function mergeDeltaEvents(held: RunEvent, next: RunEvent): RunEvent | undefined {
  if (held.type !== 'delta' || next.type !== 'delta' || held.node !== next.node) return undefined;
  const delta = mergeDeltas(held.delta, next.delta);
  if (delta === undefined) return undefined;
  const { seq, node, debounceMs } = held;
  // Once per token where tokens come fast: a spread costs more than the rest.
  return debounceMs === undefined
    ? { type: 'delta', seq, node, delta }
    : { type: 'delta', seq, node, delta, debounceMs };
}
